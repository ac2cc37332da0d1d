"""The command that times a start sees one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from app.stream.backend import compile_everything
from scripts.startup import ANSWER, SOUND, open_screen, read_log
from tests.virtual_microphone import VirtualMicrophone

CHECKOUT = Path(__file__).resolve().parents[2]
LOG = """\
2026-01-02 10:00:00,250 INFO app.live.engine: the source is open, 48000 Hz
2026-01-02 10:00:00,300 WARNING app.live.engine: the first answer is no answer
2026-01-02 10:00:01,500 INFO app.live.engine: the first answer, for 0.09 s of sound
"""


def skip_without(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def test_one_round_has_every_figure_with_its_bar() -> None:
    skip_without("Xvfb", *VirtualMicrophone.missing_programs())
    compile_everything()
    command = [sys.executable, str(CHECKOUT / "scripts" / "startup.py"), "--rounds", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    for key in ("visible", "sound", "standstill", "classify"):
        assert 0 < report[key]["median"] <= report[key]["worst"] < 100
    assert report["answer"]["worst"] < 100
    assert set(report["bars"]) == {"visible", "answer", "standstill", "classify"}


def test_a_screen_is_painted_when_there_is_a_picture_on_it() -> None:
    skip_without("Xvfb")
    paint = """
from PySide6.QtWidgets import QApplication, QLabel
application = QApplication([])
label = QLabel("".join(map(chr, range(33, 126))) * 20)
label.setWordWrap(True)
label.setStyleSheet("background: qlineargradient(x1: 0, y1: 0, x2: 1, y2: 0, stop: 0 red, stop: 1 green)")
label.resize(1280, 800)
label.show()
application.exec()
"""
    with open_screen() as screen:
        empty = screen.look()
        assert not screen.is_painted()
        with subprocess.Popen([sys.executable, "-c", paint], env=os.environ | screen.environment) as program:
            deadline = time.monotonic() + 60
            while not screen.is_painted():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            painted = screen.look()
            program.kill()  # its window goes with it
        assert painted != empty


def test_the_log_says_when_sound_and_answer_came(tmp_path: Path) -> None:
    assert read_log(tmp_path) == {}
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "nystream.log").write_text(LOG)
    entries = read_log(tmp_path)
    assert entries[ANSWER] - entries[SOUND] == pytest.approx(1.25)
