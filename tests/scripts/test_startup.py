"""The command that times a start sees one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.stream.backend import compile_everything
from scripts.startup import read_log

CHECKOUT = Path(__file__).resolve().parents[2]
LOG = """\
2026-01-02 10:00:00,100 INFO app.window.start: the window is painted
2026-01-02 10:00:00,250 INFO app.live.engine: the source is open, 48000 Hz
2026-01-02 10:00:00,300 WARNING app.live.engine: the first answer is no answer
2026-01-02 10:00:01,500 INFO app.live.engine: the first answer, for 0.09 s of sound
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for the log where Linux has it")
def test_one_round_has_every_figure_with_its_bar() -> None:
    compile_everything()
    command = [sys.executable, str(CHECKOUT / "scripts" / "startup.py"), "--rounds", "1", "--json"]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    for key in ("visible", "sound", "answer", "classify"):
        assert 0 < report[key]["median"] <= report[key]["worst"] < 100
    assert set(report["bars"]) == {"visible", "answer", "classify"}


def test_the_log_says_when_window_sound_and_answer_came(tmp_path: Path) -> None:
    assert read_log(tmp_path) == {}
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "nystream.log").write_text(LOG)
    entries = read_log(tmp_path)
    assert entries["sound"] - entries["visible"] == pytest.approx(0.15)
    assert entries["answer"] - entries["sound"] == pytest.approx(1.25)
