"""Time a start of the window and of `nystream classify` as a user sees it, and list what the time goes to.

    python3 scripts/startup.py [--rounds 5] [--json]

The window opens on an X screen of its own (Xvfb), whose memory is looked at from outside, and listens to music from a
microphone without hardware (PulseAudio): Linux only. Every round is a new process with no settings; that it is warm,
one start that is not counted sees to.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import wave
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment
from scripts.preparation.within import IMPORTED

run_within_environment(imported=(*IMPORTED, "pyqtgraph", "PySide6"))

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from app.demo.instruments import SAMPLE_RATE
from app.demo.pieces import PIECES
from scripts.starting.rounds import start_window, time_command
from scripts.starting.screen import Screen
from tests.virtual_microphone import VirtualMicrophone

FILE_SECONDS = 30
BARS = {"visible": 1.5, "answer": 0.5, "standstill": 0.05, "classify": 2.5}  # seconds


def measure(rounds: int) -> dict[str, Any]:
    """The whole report; every figure in seconds."""
    music = np.concatenate([piece.make() for piece in PIECES])
    with tempfile.TemporaryDirectory(prefix="nystream-startup-") as folder:
        file = write_file(Path(folder) / "music.wav", music[: FILE_SECONDS * SAMPLE_RATE])
        starts, classified = [], []
        with Screen() as screen, VirtualMicrophone() as microphone:
            microphone.play(music, SAMPLE_RATE)
            began = time.monotonic()
            for number in range(rounds + 1):
                if time.monotonic() - began > len(music) / SAMPLE_RATE - 15:
                    microphone.play(music, SAMPLE_RATE)
                    began = time.monotonic()
                start = start_window(screen)
                if number:
                    starts.append(asdict(start))
        for number in range(rounds + 1):
            seconds = time_command("classify", str(file))
            if number:
                classified.append(seconds)
    series = {key: [start[key] for start in starts] for key in starts[0]} | {"classify": classified}
    return {key: {"median": statistics.median(values), "worst": max(values)} for key, values in series.items()}


def write_file(path: Path, samples: NDArray[np.float32]) -> Path:
    """16-bit mono."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes())
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    report = measure(arguments.rounds)
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
