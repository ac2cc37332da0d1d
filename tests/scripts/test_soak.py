"""Soaking runs, and tells what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.virtual_microphone import VirtualMicrophone

CHECKOUT = Path(__file__).resolve().parents[2]


def soaked(*arguments: str) -> dict[str, Any]:
    """What scripts/soak.py says as JSON when it is content."""
    command = [sys.executable, "scripts/soak.py", "--json", *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_steps_are_compared_with_their_definition() -> None:
    (fixed,) = soaked("--steps", "500", "--kinds", "fixed")["kinds"].values()
    assert fixed["steps"] == 500
    assert fixed["checks"] > 2
    assert fixed["holds"]


def test_listening_accounts_for_every_sample(virtual_microphone: VirtualMicrophone) -> None:
    """Of a few seconds only, and with one busy thread; the fixture skips where there is no sound server."""
    report = soaked("--capture", "--seconds", "4", "--threads", "1")
    assert report["captured"] + report["dropped"] > 48_000
    assert abs(report["unaccounted"]) <= 1024
    assert report["frames"] > 10
