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
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import CHECKOUT, TO_WATCH, run_within_environment

run_within_environment(imported=TO_WATCH)

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import soundfile

from app.demo.instruments import SAMPLE_RATE
from app.demo.pieces import PIECES
from app.stream.measure import machine
from scripts.starting import Screen, start_window, time_command
from scripts.virtual_microphone import VirtualMicrophone

FILE_SECONDS = 30
BARS = {"visible": 1.5, "answer": 0.5, "standstill": 0.05, "classify": 2.5}  # seconds
IMPORTS = {"window": ("-c", "import app.cli.window, model.compiled.classifier"), "help": ("-m", "app", "--help")}
LISTED = 12  # packages
# The steps of app/cli/window.py in their order, and after them what goes on behind the window. In one process, so
# that nothing is counted twice; the threads of a real start share the processor with each other besides.
STEPS = """
import json, os, sys, time
began = time.time()
steps = {"Python itself": began - float(sys.argv[1])}
def done(what):
    global began
    now = time.time()
    steps[what], began = now - began, now
import numpy
done("import numpy")
import PySide6.QtWidgets
done("import Qt")
import pyqtgraph
done("import pyqtgraph")
import app.cli.window
done("import the program")
import model.compiled.classifier
done("import numba")
from app.stream.weights import default_weights, family_weights
from app.stream.models import load_model
model = load_model(default_weights())
done("load the weights")
if model.make_twin is not None:
    sys.exit("the compiled functions are not ready yet: start the window once, for a minute")
from app.live.model_choice import ModelChooser
from app.live.session import LiveSession
from app.window.start import start_qt, MainWindow
session = LiveSession(ModelChooser(model, family_weights()))
application = start_qt()
done("start Qt")
window = MainWindow(session)
done("make the window")
window.show()
application.processEvents()
done("paint the window")
from audio import Microphone
microphone = Microphone()
microphone.read(1.0)
done("behind it: open the sound device")
model.make_backend()
done("behind it: load the compiled functions")
from app.stream.imports import import_torch
import_torch()
done("behind it: import torch")
from model import load_classifier
load_classifier(default_weights())
done("behind it: load the twin")
print(json.dumps(steps))
sys.stdout.flush()
os._exit(0)
"""
NOW = "import subprocess, sys, time; sys.exit(subprocess.call([sys.executable, '-c', sys.argv[1], str(time.time())]))"


def measure(rounds: int) -> dict[str, Any]:
    """The whole report; every figure in seconds."""
    music = np.concatenate([piece.make() for piece in PIECES])
    with tempfile.TemporaryDirectory(prefix="nystream-startup-") as folder, Screen() as screen:
        file = Path(folder) / "music.wav"
        soundfile.write(file, music[: FILE_SECONDS * SAMPLE_RATE], SAMPLE_RATE)
        with VirtualMicrophone() as microphone:
            microphone.play(np.tile(music, 10), SAMPLE_RATE)
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
    """All but the first, which warms what can be warm."""
    return [measured() for _ in range(rounds + 1)][1:]


def time_steps(screen: dict[str, str]) -> dict[str, float]:
    """Seconds of every step, in order."""
    done = subprocess.run(
        [sys.executable, "-c", NOW, STEPS],
        cwd=CHECKOUT,
        env=os.environ | screen,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    steps: dict[str, float] = json.loads(done.stdout)
    return steps


def time_imports(*code: str) -> dict[str, float]:
    """Seconds of each package that this code imports, costliest first, each without those that it imports itself."""
    command = [sys.executable, "-X", "importtime", *code]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True, text=True)
    spent: Counter[str] = Counter()
    for line in done.stderr.splitlines():
        own, _, module = line.removeprefix("import time:").partition("|")
        if own.strip().isdecimal():
            spent[module.rpartition("|")[2].strip().partition(".")[0]] += int(own)
    return {package: microseconds / 1e6 for package, microseconds in spent.most_common()}


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    lines = [f"{report['machine']}, {report['rounds']} rounds; milliseconds", f"{'':12}{'median':>8}{'worst':>8}"]
    for key in ("visible", "sound", "answer", "standstill", "classify"):
        bar = f"   at most {1000 * BARS[key]:.0f}" if key in BARS else ""
        lines.append(f"{key:12}{1000 * report[key]['median']:8.0f}{1000 * report[key]['worst']:8.0f}{bar}")
    lines += ["", "steps of a start, one after the other"]
    lines += [f"{1000 * seconds:8.0f}  {step}" for step, seconds in report["steps"].items()]
    for what, packages in report["imports"].items():
        costliest = list(packages.items())[:LISTED]
        shown = ", ".join(f"{package} {1000 * seconds:.0f}" for package, seconds in costliest if seconds >= 0.001)
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
