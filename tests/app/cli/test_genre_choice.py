"""`nystream classify --only` and `--exclude`, from the command to what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli.main import main


def test_the_whole_command_answers_among_them_alone(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(library)
    song = "rock/song.wav"
    assert main(["classify", song, "--format", "json"]) == 0
    whole = json.loads(capsys.readouterr().out)["files"][0]
    assert main(["classify", song, "--format", "json", "--only", "Jazz,metal,rock"]) == 0
    printed, said = capsys.readouterr()
    assert said == "nystream: answers are among jazz, metal, rock alone, whose probabilities add up to 1\n"
    document = json.loads(printed)
    assert document["parameters"]["genres"] == ["jazz", "metal", "rock"]
    (some,) = document["files"]
    kept = {genre: whole["probabilities"][genre] for genre in ("jazz", "metal", "rock")}
    assert some["share"] == pytest.approx(sum(kept.values()))
    assert some["probabilities"] == pytest.approx({genre: one / some["share"] for genre, one in kept.items()})
    for hop in some["timeline"]:
        assert set(hop["probabilities"]) == set(kept)
        assert sum(hop["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
    for options in (["--only", "polka"], ["--exclude", "polka"], ["--only", "rock,jazz", "--compare"], ["--top", "0"]):
        assert main(["classify", song, *options]) == 2
        printed, said = capsys.readouterr()
        assert printed == ""
        assert said.count("\n") == 1
