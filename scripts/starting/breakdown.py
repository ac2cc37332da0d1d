"""What the time of a start goes to: the steps of the window one after the other, and the imports by package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

from scripts.starting.rounds import CHECKOUT

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
    """Seconds of each package that this code imports, the dearest first, each without those that it imports itself."""
    command = [sys.executable, "-X", "importtime", *code]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True, text=True)
    spent: Counter[str] = Counter()
    for line in done.stderr.splitlines():
        own, _, module = line.removeprefix("import time:").partition("|")
        if own.strip().isdecimal():
            spent[module.rpartition("|")[2].strip().partition(".")[0]] += int(own)
    return {package: microseconds / 1e6 for package, microseconds in spent.most_common()}
