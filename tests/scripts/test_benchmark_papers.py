"""The papers' tables at tiny sizes: every system is there, with what it remembers and allocates."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import pytest
import torch

from model import EncoderConfig, step_cost
from scripts import benchmark_papers


def test_every_system_is_measured_with_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = EncoderConfig(width=16, heads=2, window=6, feed_forward=8, attention="softmax", landmark_count=3)
    monkeypatch.setattr(benchmark_papers, "SIZES", {"tiny": (tiny, 3)})
    lines = benchmark_papers.measure(rounds=1)
    found = {(line["stack"], line["name"], line["backend"]): line for line in lines}
    assert len(found) == len(lines)
    for stack in benchmark_papers.STACKS:
        for name in benchmark_papers.STEPS:
            assert found[stack, name, "torch"]["peak_bytes"] > 0
        assert (stack, "Continual Transformer", "compiled") in found or stack == "b2"
        for name in benchmark_papers.WINDOWS:
            assert (stack, name, "torch") in found or stack == "b2 deep"
    exact = found["b1", "Continual Transformer", "torch"]
    assert exact["state_bytes"] == step_cost(replace(tiny, outputs=3)).state_bytes
    assert exact["predictions_per_second"] == round(1e6 / exact["us"]["p50"])
    if importlib.util.find_spec("continual") is not None:
        for stack in ("b1", "b2"):  # their rings hold what ours do, and the tokens of the window beside them
            assert found[stack, "Continual Transformer", "continual-inference"]["state_bytes"] >= 2 * 5 * 16 * 4
    assert len(benchmark_papers.table(lines)) == 1 + len(lines)


def test_the_peak_is_of_what_is_held_at_a_time() -> None:
    def call() -> None:
        for _ in range(3):
            torch.ones(1000) + torch.ones(1000)

    assert 12_000 <= benchmark_papers.peak(call) <= 13_000
