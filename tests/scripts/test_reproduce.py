"""The family is trained in pieces, and the document is written from what is there."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model import ModelConfig, step_cost, twin_cost
from scripts.dataset import DatasetError
from scripts.training.family import members
from scripts.training.results import measure_times, read_results, write_results
from tests.scripts.gtzan import fill_sound_cache, pack_fields, script, write_pack

SMALL = ModelConfig(
    stem_channels=(4, 4, 4, 4), width=16, heads=2, feed_forward=16, window=30, landmark_count=4, level_window=30
)


def test_every_row_of_the_papers_is_a_member() -> None:
    family = members()
    kinds = {(each.config.attention, each.config.landmarks, each.config.blocks) for each in family.values()}
    for attention, landmarks in (("softmax", "fixed"), ("nystrom", "continual"), ("nystrom", "fixed")):
        assert {(attention, landmarks, blocks) for blocks in (1, 2)} <= kinds
    assert family["deep-4"].config.blocks == 4


def result(name: str, seed: int, accuracy: float, **changed: object) -> dict[str, object]:
    counts = {"epochs": 7, "train_clips": 442, "valid_clips": 197}
    return {"name": name, "seed": seed, "accuracy": accuracy, "log_loss": 1.5 - accuracy} | counts | changed


def write(folder: Path, *results: dict[str, object]) -> Path:
    for each in results:
        (folder / f"{each['name']}-seed{each['seed']}.json").write_text(json.dumps(each))
    return folder


def test_the_document_gives_both_models_of_a_run_their_own_cost(tmp_path: Path) -> None:
    runs = [result("softmax-1", 0, 0.6), result("softmax-1", 1, 0.64), result("nystrom-fixed-1", 0, 0.5)]
    document = write_results(read_results(write(tmp_path, *runs)), members(SMALL), rounds=1)
    window, continual = (line for line in document.splitlines() if "Transformer |" in line)
    assert window.startswith("| Transformer | 1 | 62.0 ± 2.8 | 0.88 ± 0.03 |")
    assert continual.startswith("| Continual Transformer | 1 | 62.0 ± 2.8 | 0.88 ± 0.03 |")
    config = replace(SMALL, attention="softmax")
    assert f"| {twin_cost(config).encoder:,} |" in window
    assert f"| {step_cost(config).encoder:,} |" in continual
    assert "| Nystrom window, fixed landmarks | 1 | 50.0 (one seed) |" in document
    assert "442 clips" in document
    assert "Nystromformer" not in document  # not trained yet


def test_runs_that_cannot_be_compared_are_not_put_in_one_table(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no results"):
        read_results(tmp_path)
    write(tmp_path, result("softmax-1", 0, 0.6), result("softmax-1", 1, 0.6, epochs=8))
    with pytest.raises(DatasetError, match="differ in epochs"):
        read_results(tmp_path)


def test_every_member_is_timed_with_a_full_window() -> None:
    for member in members(SMALL).values():
        times = measure_times(member.config, rounds=1)
        assert times.step > 0
        assert times.twin > 0
        assert times.tokenizer > 0


class LikeProcesses(Executor):
    """Does at once what a process of its own would, with what can be sent to one."""

    def __init__(self, jobs: int, mp_context: object) -> None:
        assert jobs == 2

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        sent, given = pickle.loads(pickle.dumps((function, arguments)))
        future.set_result(pickle.loads(pickle.dumps(sent(*given))))
        return future


def test_the_script_trains_what_is_missing_and_only_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", LikeProcesses)
    cache, small = fill_sound_cache(tmp_path), pack_fields(clips=20, frames=60)
    arguments = ["--data", write_pack(tmp_path / "pack.npz", **small), "--cache", cache, "--epochs", 1, "--rounds", 1]
    arguments += ["--only", "nystrom-fixed-1", "--results", tmp_path / "results", "--work", tmp_path / "work"]
    arguments += ["--document", tmp_path / "results.md"]
    first = script("reproduce.py", *arguments, "--seeds", 1)
    assert first.returncode == 0, first.stderr
    assert "0 of 1 runs are there, 1 to go" in first.stderr
    assert "| Continual Nystrom, fixed landmarks | 1 |" in (tmp_path / "results.md").read_text(encoding="utf-8")
    kept = (tmp_path / "results" / "nystrom-fixed-1-seed0.json").read_bytes()
    second = script("reproduce.py", *arguments, "--seeds", 3, "--jobs", 2)
    assert "1 of 3 runs are there, 2 to go" in second.stderr
    assert (tmp_path / "results" / "nystrom-fixed-1-seed0.json").read_bytes() == kept
    assert {path.name for path in (tmp_path / "results").iterdir()} == {
        "nystrom-fixed-1-seed0.json",
        "nystrom-fixed-1-seed1.json",
        "nystrom-fixed-1-seed2.json",
    }
