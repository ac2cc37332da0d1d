"""`nystream classify --chapters` on a made file, and how its value may be left out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.cli.arguments import fill_in
from app.cli.main import main
from tests.app.made_music import made_music


def test_a_value_is_left_out_where_a_path_follows() -> None:
    for typed, meant in (
        ("--chapters set.mp3", "--chapters=30s set.mp3"),
        ("--chapters 60 set.mp3", "--chapters 60 set.mp3"),
        ("set.mp3 --chapters", "set.mp3 --chapters=30s"),
        ("--chapters=5s 7.mp3", "--chapters=5s 7.mp3"),
        ("--chapters -- 60", "--chapters=30s -- 60"),
        ("-- --chapters", "-- --chapters"),
    ):
        assert fill_in(typed.split()) == meant.split()


def test_a_file_that_changes_has_chapters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("set.wav", np.concatenate([made_music(25.0, hiss=0.01), np.zeros(20 * 22_050, np.float32)]), 22_050)
    assert main(["classify", "--chapters", "10", "set.wav", "--format", "json"]) == 0
    (file,) = json.loads(capsys.readouterr().out)["files"]
    *music, last = file["chapters"]
    assert [one["verdict"] == "silence" for one in file["chapters"]] == [False] * len(music) + [True]
    assert music[0]["start"] == 0.0
    assert last["start"] == pytest.approx(25.0, abs=1.0)
    assert all(one["end"] - one["start"] >= 10.0 for one in file["chapters"])
    for kind, wanted in (("cue", 'TITLE "silence"\n    INDEX 01 00:2'), ("audacity", "\tsilence\n")):
        assert main(["classify", "set.wav", "--format", kind, "--chapters=10"]) == 0
        assert wanted in capsys.readouterr().out
    assert main(["classify", "set.wav", "--chapters=0.5"]) == 2
    assert "1s to 86400s" in capsys.readouterr().err
