"""The benchmark's report: its keys stay, and its numbers can be what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
TIMES = ("step_us", "step_live_us", "twin_us", "torch_encoder_us")


def benchmark(*arguments: str) -> str:
    command = [sys.executable, str(CHECKOUT / "scripts" / "benchmark.py"), "--quick", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(benchmark("--json"))
    return parsed


def test_every_time_has_its_percentiles(report: dict[str, Any]) -> None:
    for place in (report, *report["rows"].values()):
        for times in (*(place[key] for key in TIMES), *([place["peer_us"]] if place["peer_us"] else [])):
            assert 1.0 < times["p50"] <= times["p95"] <= times["p99"]
    assert report["frame_us"]["p50"] > report["step_us"]["p50"]


def test_the_report_says_what_was_measured_on_what(report: dict[str, Any]) -> None:
    assert report["machine"]
    assert report["torch"]
    assert report["threads"] == 1
    assert report["size"] == {
        "window": 387,
        "width": 192,
        "heads": 8,
        "feed_forward": 384,
        "landmarks": 16,
        "blocks": 1,
    }


def test_every_row_of_the_family_is_there_and_the_report_is_that_of_fixed_landmarks(report: dict[str, Any]) -> None:
    assert set(report["rows"]) == {"softmax", "nystrom-continual", "nystrom-fixed"}
    for key, value in report["rows"]["nystrom-fixed"].items():
        assert report[key] == value


def test_a_step_is_cheaper_than_everything_it_replaces(report: dict[str, Any]) -> None:
    for row in report["rows"].values():
        assert row["flops"]["twin"] > 50 * row["flops"]["step"]
        assert row["twin_us"]["p50"] > 2 * row["step_us"]["p50"]
        assert row["torch_encoder_us"]["p50"] > 2 * row["step_us"]["p50"]
        assert row["ratios"]["twin"] == pytest.approx(row["twin_us"]["p50"] / row["step_us"]["p50"])


def test_the_twin_grows_with_the_window_and_the_step_does_not(report: dict[str, Any]) -> None:
    growth = report["growth"]
    assert [point["n"] for point in growth] == [64, 256, 387, 1024, 4096]
    first, last = growth[0], growth[-1]
    assert last["step_us"]["p50"] < 2 * first["step_us"]["p50"]  # a busy machine may be unfair to one of them
    assert last["twin_us"]["p50"] > 5 * first["twin_us"]["p50"]
    ring = 4 * 2 * 192 * (last["n"] - first["n"])  # a key and a value for every token of the window
    assert last["state_bytes"] - first["state_bytes"] == ring


def test_without_json_there_is_a_table(report: dict[str, Any]) -> None:
    text = benchmark()
    for name in ("softmax", "nystrom-continual", "nystrom-fixed", "whole frame", "4096"):
        assert name in text
