"""The fastest model for a window: measured on the spot, said, and chosen only when it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import models, window
from app.cli.arguments import parser
from app.cli.main import main
from app.stream import bench
from app.stream.bench import ModelStep, measure_models
from app.stream.weights import default_weights, family_weights
from app.window.launch import Launch
from model import WeightsError


def step(name: str, weights: Path, microseconds: float) -> ModelStep:
    return ModelStep(name, weights, "compiled", {"p50": microseconds, "p95": microseconds, "p99": microseconds})


def test_every_model_that_ships_is_timed_and_the_fastest_is_first(tmp_path: Path) -> None:
    missing = tmp_path / "missing.safetensors"
    measured = measure_models([*family_weights(), missing], window_seconds=60.0, rounds=2)
    assert {row.weights for row in measured} == set(family_weights())
    assert len({row.name for row in measured}) == len(measured) >= 3
    medians = [row.step_us["p50"] for row in measured]
    assert medians == sorted(medians)
    assert min(medians) > 1.0
    assert measured[0].backend == "compiled"  # what torch computes takes ten times as long


def test_a_longer_window_makes_the_exact_step_slower_and_nystroms_not() -> None:
    def of(seconds: float) -> dict[str, float]:
        files = [file for file in family_weights() if "continual" not in file.name]
        return {row.weights.stem: row.step_us["p50"] for row in measure_models(files, seconds, rounds=4)}

    short, long = of(5.0), of(300.0)
    assert long["nystream-softmax"] > 4 * short["nystream-softmax"]
    assert long["nystream-softmax"] > 2 * long["nystream"]


def test_the_command_says_it_in_words_and_in_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked: list[float] = []

    def measure(weights: list[Path], seconds: float) -> list[ModelStep]:
        asked.append(seconds)
        return [step("Quick", tmp_path / "quick", 5.0), step("Slow", tmp_path / "slow", 50.0)]

    monkeypatch.setattr(bench, "measure_models", measure)
    assert main(["models", "--window-seconds", "15"]) == 0
    said = capsys.readouterr().out
    assert said.index("Quick") < said.index("Slow")
    assert "nystream --fastest --window-seconds 15" in said
    assert main(["rows", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["window_seconds"] == 30.0
    assert [row["name"] for row in report["rows"]] == ["Quick", "Slow"]
    assert asked == [15.0, 30.0]
    assert main(["rows", "--window-seconds", "1"]) == 2
    assert "5 to 300" in capsys.readouterr().err


def test_a_window_that_no_row_can_have_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "measure_models", lambda weights, seconds: [])
    assert main(["rows"]) == 2
    assert "no weights" in capsys.readouterr().err


def opened(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Path:
    """The weights of the window that these arguments open."""
    loaded: list[Path] = []
    monkeypatch.setattr("sys.setswitchinterval", lambda seconds: None)  # it would stay for all other tests

    def load(path: Path, *_rest: object) -> None:
        loaded.append(path)
        raise WeightsError("that is all that is wanted")

    monkeypatch.setattr(window, "load_model", load)
    assert main(list(arguments)) == 3
    return loaded[0]


def test_the_window_takes_the_fastest_model_only_when_it_is_asked_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked: list[float] = []

    def measure(seconds: float) -> list[ModelStep]:
        asked.append(seconds)
        return [step("Quick", tmp_path / "quick", 5.0), step("Slow", default_weights(), 50.0)]

    monkeypatch.setattr(models, "measure", measure)
    assert opened(monkeypatch) == default_weights()
    assert asked == []
    assert opened(monkeypatch, "--fastest", "--window-seconds", "10") == tmp_path / "quick"
    assert "Quick, 5.0 us" in capsys.readouterr().err
    assert opened(monkeypatch, "demo", "--fastest") == tmp_path / "quick"
    assert asked == [10.0, 30.0]
    assert main(["--fastest", "--weights", str(tmp_path / "mine")]) == 2
    assert "leave --weights out" in capsys.readouterr().err


def test_weights_given_are_those_of_the_launch() -> None:
    launch = window.understand(parser().parse_args(["--weights", "mine.safetensors"]))
    assert isinstance(launch, Launch)
    assert launch.weights == Path("mine.safetensors")
