"""The benchmark's report: its keys stay, and its numbers are what they say."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import wave
from pathlib import Path
from typing import Any

import pytest

from app.stream import bench
from app.stream.bench import Bench
from app.stream.measure import Percentiles
from scripts.benchmark import table
from tests.scripts.gtzan import script

TIMES = ("step_us", "step_live_us", "step_paced_us", "twin_us", "ordinary_us", "torch_encoder_us", "frame_us")
WINDOWS = (64, 2048)  # tokens, instead of the five up to 4096
DISTURBED = 5  # times: a busy machine may be so unfair to one of two that are compared
BESIDE_WINDOW = ("frame_us", "log_mel_us", "stem_us", "step_us")


def measure(timed: Bench, _rounds: int, _paced_rounds: int) -> dict[str, Percentiles]:
    """Does once whatever is to be timed; every time is another one that was made up, a slow call's a long one."""
    for call in (timed.fast | timed.slow).values():
        call()
    live = [f"{name}_{how}" for name in ("step", "frame") for how in ("live", "paced")]
    made = {name: 10.0 + number for number, name in enumerate([*timed.fast, *live])}
    made |= {name: 2000.0 + number for number, name in enumerate(timed.slow)}
    return {name: {"p50": time, "p95": 2 * time, "p99": 3 * time} for name, time in made.items()}


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("benchmark") / "growth.png"


@pytest.fixture(scope="module")
def report(picture: Path) -> dict[str, Any]:
    """Of the script as it is, but for the clock, the length of the windows, and the processes that draw a window."""
    run = subprocess.run

    def soak(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        if "--play" not in command:
            return run(command, **how)
        assert Path(command[1]).name == "window_soak.py"
        with wave.open(command[command.index("--play") + 1]) as sound:
            assert sound.getnframes() / sound.getframerate() > float(command[command.index("--seconds") + 1]) + 10
            rate = float(sound.getframerate())
        times = {name: {"p50": rate, "p95": rate, "p99": rate} for name in BESIDE_WINDOW}
        return subprocess.CompletedProcess(command, 1, json.dumps({"redraws_per_second": 60.0, **times}))

    drawn = ["--plot", picture] if importlib.util.find_spec("matplotlib") else []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bench, "measure", measure)
        patched.setattr(bench, "GROWTH", WINDOWS)
        patched.setattr(subprocess, "run", soak)
        done = script("benchmark.py", "--quick", "--json", "--window", *drawn)
    assert done.returncode == 0, done.stderr
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def test_every_time_has_its_percentiles(report: dict[str, Any]) -> None:
    for place in (report, *report["rows"].values()):
        for times in (*(place[key] for key in TIMES), *([place["peer_us"]] if place["peer_us"] else [])):
            assert 1.0 < times["p50"] <= times["p95"] <= times["p99"]


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


def test_ratios_are_of_medians_to_the_step(report: dict[str, Any]) -> None:
    for row in (*report["rows"].values(), report["shipped"]):
        assert row["flops"]["twin"] > 50 * row["flops"]["step"]
        for other in ("torch_step", "twin", "ordinary", "torch_encoder"):
            assert row["ratios"][other] == pytest.approx(row[f"{other}_us"]["p50"] / row["step_us"]["p50"])


def test_what_is_compiled_has_its_bound_its_parts_and_its_streams(report: dict[str, Any]) -> None:
    for row in (*report["rows"].values(), report["shipped"]):
        assert row["path"] == "compiled"
        assert set(row["parts_us"]) == {"projections", "attention", "feed_forward", "head"}
        assert row["streams_per_core"] > 10
        assert row["bound_us"]["p50"] == min(each["p50"] for each in row["bounds_us"].values())
        assert row["ratios"]["step_to_bound"] == row["step_us"]["p50"] / row["bound_us"]["p50"]
        whole = min(row["bounds_us"][name]["p50"] for name in ("float32_loops", "blas"))
        assert row["ratios"]["step_to_float32_bound"] == row["step_us"]["p50"] / whole
        bounds = row["frame_bounds_us"]
        assert set(bounds) == {"log_mel", "stem", "step"}
        assert bounds["step"] == row["bound_us"]
        assert row["frame_bound_us"]["p50"] == pytest.approx(sum(each["p50"] for each in bounds.values()), abs=0.1)
        assert row["ratios"]["frame_to_bound"] == row["frame_us"]["p50"] / row["frame_bound_us"]["p50"]
    bytes_of_weights = report["weight_bytes"], report["shipped"]["weight_bytes"]
    assert bytes_of_weights == (1_177_256, 683_688)  # half of what is multiplied after attention and after the stem


def test_the_twin_grows_with_the_window_and_the_step_does_not(report: dict[str, Any]) -> None:
    """These times are measured and not made up."""
    first, last = report["growth"]
    assert (first["n"], last["n"]) == WINDOWS
    grown = {key: last[key]["p50"] / first[key]["p50"] for key in ("step_us", "twin_us", "ordinary_us", "exact_us")}
    assert min(grown["twin_us"], grown["ordinary_us"]) > DISTURBED / 2 * grown["step_us"]  # over 32 times the tokens
    assert grown["exact_us"] > 2 * grown["step_us"]
    assert last["state_bytes"] > first["state_bytes"]
    assert [point["landmarks"] for point in report["landmarks"]] == [4, 8, 16, 32, 64]


def test_the_frame_is_timed_in_a_window_that_is_drawn_at_three_rates(report: dict[str, Any]) -> None:
    window = report["window"]
    for measured, rate in ((window, 22_050), (window["halved"], 44_100), (window["resampled"], 48_000)):
        assert measured["redraws_per_second"] == 60.0
        assert measured["frame_us"]["p50"] == rate


def test_there_is_a_table_for_readers(report: dict[str, Any]) -> None:
    text = "\n".join(table(report))
    for name in ("softmax", "nystrom-continual", "nystrom-fixed", "shipped model", "frame", "2048", "times a second"):
        assert name in text


def test_there_is_a_picture_where_one_is_wanted(report: dict[str, Any], picture: Path) -> None:
    pytest.importorskip("matplotlib")
    assert picture.read_bytes().startswith(b"\x89PNG")
