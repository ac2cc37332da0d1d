"""Play a file into the real window for a while, and save a picture of it.

    python3 scripts/screenshot.py --play FILE [--after SECONDS] [--size 1280x800] OUTPUT.png

The window opens on the platform named in QT_QPA_PLATFORM, or without a screen where there is none.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment
from scripts.preparation.within import IMPORTED

run_within_environment(imported=(*IMPORTED, "pyqtgraph", "PySide6"))

import torch
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from app.session import LiveSession
from app.weights import default_weights
from app.window import MainWindow
from app.window.start import start_qt
from model import WeightsError, load_classifier

ON_X11_OR_WAYLAND = sys.platform not in ("win32", "darwin")


def main() -> int:
    arguments = parse_arguments()
    if ON_X11_OR_WAYLAND and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    torch.set_num_threads(1)
    try:
        session = LiveSession(load_classifier(default_weights()))
    except WeightsError as error:
        return fail(str(error))
    application = start_qt()
    window = MainWindow(session)
    window.resize(arguments.size)
    window.show()
    window.play(arguments.play)
    watch(application, session, arguments.after)
    if session.state.phase == "failed":
        return fail(f"{arguments.play}: {session.state.message}")
    saved = window.grab().save(str(arguments.output), "PNG")
    window.close()
    session.close()
    return 0 if saved else fail(f"{arguments.output} cannot be written: choose a folder that is there.")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--play", type=Path, required=True, metavar="FILE", help="what is to be heard")
    parser.add_argument("--after", type=float, default=35.0, metavar="SECONDS", help="default: 35")
    parser.add_argument("--size", type=size, default=QSize(1280, 800), metavar="WIDTHxHEIGHT", help="default: 1280x800")
    parser.add_argument("output", type=Path, metavar="OUTPUT.png")
    return parser.parse_args()


def size(text: str) -> QSize:
    """ "1280x800"."""
    width, height = text.split("x")
    return QSize(int(width), int(height))


def watch(application: QApplication, session: LiveSession, seconds: float) -> None:
    """Let the window live until then, or until the file is over; but until the microphones are known at least.

    While it searches for them PortAudio keeps the whole process from writing to standard error.
    """
    until = time.monotonic() + seconds
    while session.devices is None or (time.monotonic() < until and session.state.phase in ("starting", "running")):
        application.processEvents()
        time.sleep(0.005)
    application.processEvents()


def fail(sentence: str) -> int:
    print(f"screenshot: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
