"""The window is soaked, and sound that is lost without being counted shows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scripts.window_soak import unaccounted_seconds
from tests.virtual_microphone import VirtualMicrophone

CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_window_accounts_for_what_a_microphone_hears(virtual_microphone: VirtualMicrophone) -> None:
    """Of a few seconds only, and with one busy thread; the fixture skips where there is no sound server."""
    command = [sys.executable, "scripts/window_soak.py", "--json", "--listen", "", "--seconds", "4", "--busy", "1"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=500)
    report = json.loads(done.stdout)  # whether it holds a busy machine decides
    assert report["frames"] > 10
    assert abs(report["unaccounted_seconds"]) < 1.0
    assert isinstance(report["threads_left"], list)  # test_soak.py of the window holds that there are none


def test_sound_that_nobody_counted_shows_however_late_single_frames_come() -> None:
    random = np.random.default_rng(0)
    delays = 0.02 + random.exponential(0.05, 4000)
    assert abs(unaccounted_seconds(delays)) < 0.001
    delays[2000:] += 0.25
    assert unaccounted_seconds(delays) == pytest.approx(0.25, abs=0.001)
