"""Time a start of the window and of `nystream classify` as a user sees it, and list what the time goes to.

    python3 scripts/startup.py [--rounds 5] [--json]

    visible     from the command until the window is painted on the screen
    sound       from the command until the microphone is open: the first sound comes with it
    answer      from the later of both until the first picture after the first answer
    standstill  the longest time without a new picture in the three seconds after that, while torch is imported
    classify    `nystream classify` of a file of 30 s, from start to end

The window opens as `nystream --start` on an X screen of its own (Xvfb), whose memory is looked at from outside, and
hears music from a microphone without hardware (PulseAudio): Linux only. Every round is a new process without settings;
one start before them, which is not counted, warms what can be warm.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import TO_WATCH, run_within_environment

run_within_environment(imported=TO_WATCH)

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from app.demo.instruments import SAMPLE_RATE
from app.demo.pieces import PIECES
from app.stream.measure import machine
from scripts.starting.breakdown import time_imports, time_steps
from scripts.starting.rounds import start_window, time_command
from scripts.starting.screen import Screen
from scripts.virtual_microphone import VirtualMicrophone

FILE_SECONDS = 30
BARS = {"visible": 1.5, "answer": 0.5, "standstill": 0.05, "classify": 2.5}  # seconds
IMPORTS = {"window": ("-c", "import app.cli.window, model.compiled.classifier"), "help": ("-m", "app", "--help")}
LISTED = 12  # packages


def measure(rounds: int) -> dict[str, Any]:
    """The whole report; every figure in seconds."""
    music = np.concatenate([piece.make() for piece in PIECES])
    with tempfile.TemporaryDirectory(prefix="nystream-startup-") as folder, Screen() as screen:
        file = write_file(Path(folder) / "music.wav", music[: FILE_SECONDS * SAMPLE_RATE])
        with microphone_hearing(music):
            starts = [asdict(start) for start in repeat(lambda: start_window(screen), rounds)]
            steps = time_steps(screen.environment)
        classified = repeat(lambda: time_command("classify", str(file)), rounds)
    series = {key: [start[key] for start in starts] for key in starts[0]} | {"classify": classified}
    return {
        "machine": machine(),
        "rounds": rounds,
        **{key: {"median": statistics.median(values), "worst": max(values)} for key, values in series.items()},
        "bars": BARS,
        "steps": steps,
        "imports": {what: time_imports(*code) for what, code in IMPORTS.items()},
    }


def repeat(measured: Callable[[], Any], rounds: int) -> list[Any]:
    """After one that does not count."""
    return [measured() for _ in range(rounds + 1)][1:]


@contextmanager
def microphone_hearing(music: NDArray[np.float32]) -> Iterator[None]:
    """The default microphone hears this again and again."""
    with VirtualMicrophone() as microphone:
        microphone.play(np.tile(music, 10), SAMPLE_RATE)
        yield


def write_file(path: Path, samples: NDArray[np.float32]) -> Path:
    """16-bit mono."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes())
    return path


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    lines = [f"{report['machine']}, {report['rounds']} rounds; milliseconds", f"{'':12}{'median':>8}{'worst':>8}"]
    for key in ("visible", "sound", "answer", "standstill", "classify"):
        bar = f"   at most {1000 * BARS[key]:.0f}" if key in BARS else ""
        lines.append(f"{key:12}{1000 * report[key]['median']:8.0f}{1000 * report[key]['worst']:8.0f}{bar}")
    lines += ["", "steps of a start, one after the other"]
    lines += [f"{1000 * seconds:8.0f}  {step}" for step, seconds in report["steps"].items()]
    for what, packages in report["imports"].items():
        dearest = list(packages.items())[:LISTED]
        shown = ", ".join(f"{package} {1000 * seconds:.0f}" for package, seconds in dearest if seconds >= 0.001)
        lines += ["", f"imports, {what} (-X importtime, which itself slows them): {shown}"]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    report = measure(arguments.rounds)
    print(json.dumps(report) if arguments.json else "\n".join(table(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
