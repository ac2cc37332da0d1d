"""Run the real window on the demo's music for ten minutes: its memory must stay flat, and it must close at once.

    python3 scripts/window_soak.py [--seconds 600] [--silent]

After the first minute resident memory may grow by 5 MB at most. At the end the window is closed while everything
runs: no thread may be left, within a second. The exit code is 0 when all of that holds. Linux only, for it reads
/proc. The window opens on the platform named in QT_QPA_PLATFORM, or without a screen where that is not set.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import TO_WATCH, run_within_environment

run_within_environment(imported=TO_WATCH)

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from app.cli.window import make_session
from app.stream.weights import default_weights
from app.window.main import MainWindow
from app.window.start import start_qt

WARM_SECONDS = 60.0
MOST_GROWTH_MB = 5.0
LOOK_SECONDS = 10.0
OPENING_SECONDS = 1.0  # the first picture of all draws every panel, and is no tick of a running window
CLOSING_SECONDS = 1.0
KEPT_THREADS = {"MainThread", "PortAudio"}  # PortAudio's is a daemon that waits for ever


def main() -> int:
    arguments = parse_arguments()
    session = make_session(default_weights())
    session.aloud = not arguments.silent
    application = start_qt()
    window = MainWindow(session)
    window.show()
    window.demo()
    window.tour.end()
    session.models.complete()
    grown, slowest = soak(application, window, arguments.seconds)
    began = time.monotonic()
    window.close()
    session.close(CLOSING_SECONDS)
    closing = time.monotonic() - began
    left = sorted(thread.name for thread in threading.enumerate() if thread.name not in KEPT_THREADS)
    print(f"memory after the first minute: {grown:+.1f} MB; slowest tick with painting: {1000 * slowest:.0f} ms")
    print(f"closed in {closing:.2f} s; threads left: {', '.join(left) or 'none'}")
    return 0 if grown <= MOST_GROWTH_MB and closing <= CLOSING_SECONDS and not left else 1


def soak(application: QApplication, window: MainWindow, seconds: float) -> tuple[float, float]:
    """Run it -> (growth in MB since the first minute, or since the beginning of a shorter run; slowest tick)."""
    window.timer.stop()
    begun = looked = time.monotonic()
    first = resident_megabytes()
    slowest = 0.0
    while (now := time.monotonic()) < begun + seconds:
        window.tick()
        application.processEvents()
        if now - begun > OPENING_SECONDS:
            slowest = max(slowest, time.monotonic() - now)
        if now - looked >= LOOK_SECONDS:
            looked = now
            if now - begun < WARM_SECONDS:
                first = resident_megabytes()
            print(f"{now - begun:5.0f} s  {resident_megabytes():7.1f} MB", file=sys.stderr, flush=True)
        time.sleep(max(0.0, 0.016 - (time.monotonic() - now)))
    return resident_megabytes() - first, slowest


def resident_megabytes() -> float:
    """Of the memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0, help="default: 600")
    parser.add_argument("--silent", action="store_true", help="do not play it aloud")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
