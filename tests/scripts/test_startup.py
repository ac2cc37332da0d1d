"""The command that times a start sees one."""

from __future__ import annotations

import json
import sys
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from app.stream.backend import compile_everything
from scripts import startup
from tests.app.made_music import made_music

LOG = """\
2026-01-02 10:00:00,100 INFO app.window.start: the window is painted
2026-01-02 10:00:00,250 INFO app.live.engine: the source is open, 48000 Hz
2026-01-02 10:00:00,300 WARNING app.live.engine: the first answer is no answer
2026-01-02 10:00:01,500 INFO app.live.engine: the first answer, for 0.09 s of sound
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for the log where Linux has it")
def test_a_start_is_timed_from_the_command_to_the_first_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_everything()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    soundfile.write(tmp_path / "music.wav", made_music(3.0), 22_050)
    times = startup.time_window("--play", str(tmp_path / "music.wav"), "--silent")
    assert set(times) == {"visible", "sound", "answer"}
    assert all(0 < seconds < 100 for seconds in times.values())


def test_every_figure_has_its_bar_and_the_first_round_is_not_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []
    took = cycle([9.0, 1.0, 3.0, 2.0])

    def time_window(*arguments: str) -> dict[str, float]:
        asked.append(arguments)
        return dict.fromkeys(startup.SAID, next(took))

    monkeypatch.setattr(startup, "time_window", time_window)
    monkeypatch.setattr(startup, "time_command", lambda *_: next(took))
    monkeypatch.setattr(startup, "demo_music", lambda: np.zeros(22_050, np.float32))
    monkeypatch.setattr("sys.argv", ["startup.py", "--rounds", "3", "--json"])
    assert startup.main() == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    for key in ("visible", "sound", "answer", "classify"):
        assert report[key] == {"median": 2.0, "worst": 3.0}
    assert set(report["bars"]) == {"visible", "answer", "classify"}
    assert [arguments[0] for arguments in asked] == ["--play"] * 4
    monkeypatch.setattr("sys.argv", ["startup.py", "--rounds", "1", "--microphone"])
    assert startup.main() == 0
    assert asked[4:] == [("--start",)] * 2
    assert "at most 2500" in capsys.readouterr().out


def test_the_log_says_when_window_sound_and_answer_came(tmp_path: Path) -> None:
    assert startup.read_log(tmp_path) == {}
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "nystream.log").write_text(LOG)
    entries = startup.read_log(tmp_path)
    assert entries["sound"] - entries["visible"] == pytest.approx(0.15)
    assert entries["answer"] - entries["sound"] == pytest.approx(1.25)
