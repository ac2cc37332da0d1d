"""Run the real window for ten minutes, and look at all that must hold meanwhile.

    python3 scripts/window_soak.py                          (the demo's music; Ctrl-C ends it early)
    python3 scripts/window_soak.py --listen "Mic A" --busy 3 --load python
    python3 scripts/window_soak.py --play FILE --seconds 60 --json

The exit code is 0 when memory grows by 5 MB at most after the first minute, what was heard and what was lost and
counted are all that there was, to one frame, and closing the window while everything runs leaves no thread within a
second. `_us` are microseconds of the frames that were computed while the window was drawn: p50, p95 and p99. Linux
only, for it reads /proc. The window opens on the platform named in QT_QPA_PLATFORM, or without a screen where that is
not set.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import threading
import time
from array import array
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import TO_WATCH, run_within_environment

run_within_environment(imported=TO_WATCH)

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy and torch are imported

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QApplication

from app.cli.window import make_session
from app.live.session import LiveSession
from app.stream.measure import percentiles
from app.stream.snapshot import Snapshot
from app.stream.weights import default_weights
from app.text import to_json
from app.window.launch import Launch
from app.window.main import MainWindow
from app.window.opening import start_qt
from app.window.start import begin
from audio import FRAME_SECONDS

WARM_SECONDS = 60.0
MOST_GROWTH_MB = 5.0
LOOK_SECONDS = 10.0
OPENING_SECONDS = 3.0  # the first picture draws every panel, the first frames find nothing warm: neither counts
PATIENCE = 60.0  # seconds until the first frame; only a fault takes so long
CLOSING_SECONDS = 1.0
EDGE_SECONDS = 20.0  # at the start and at the end, in which the frame with the least delay counts
KEPT_THREADS = {"MainThread", "PortAudio"}  # PortAudio's is a daemon that waits for ever
BUSY = "busy"
TICK_SECONDS = 0.016
PARTS = ("log_mel", "stem", "step")


def main() -> int:
    arguments = parse_arguments()
    report = measure(arguments)
    print(to_json(report) if arguments.json else "\n".join(f"{name:20}{value}" for name, value in report.items()))
    return 0 if report["holds"] else 1


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Open the window, run it, and close it while everything runs -> the report."""
    session = make_session(default_weights())
    application = start_qt()
    window = MainWindow(session)
    watch = Watch(session)
    heard, files = arguments.listen is not None, () if arguments.play is None else (arguments.play,)
    demo = not heard and not files
    begin(window, Launch(source=arguments.listen or "", begins=heard, files=files, demo=demo, silent=arguments.silent))
    window.tour.end()
    session.models.complete()
    resting = threading.Event()
    for _ in range(arguments.busy):
        threading.Thread(target=keep_busy, args=(arguments.load, resting), name=BUSY, daemon=True).start()
    report = soak(application, window, session, watch, arguments.seconds)
    resting.set()
    began = time.monotonic()
    window.close()
    session.close(CLOSING_SECONDS)
    while (left := threads_left()) and time.monotonic() < began + CLOSING_SECONDS:
        time.sleep(0.01)
    closing = time.monotonic() - began
    holds = report["grown_mb"] <= MOST_GROWTH_MB and abs(report["unaccounted_seconds"]) <= FRAME_SECONDS
    return {
        **report,
        "closed_seconds": round(closing, 2),
        "threads_left": left,
        "holds": holds and closing <= CLOSING_SECONDS and not left,
    }


class Watch:
    """What comes of every frame that the window draws; 40 bytes of each are kept."""

    def __init__(self, session: LiveSession) -> None:
        self._values = array("d")
        self.last: Snapshot | None = None
        self._drain = session.drain
        session.drain = self.drain  # type: ignore[method-assign]

    def drain(self) -> list[Snapshot]:
        fresh = self._drain()
        now = time.monotonic()
        for each in fresh:
            spent = each.nanoseconds
            self._values.extend((now, each.seconds, spent.log_mel, spent.tokenizer, spent.step))
            self.last = each
        return fresh

    def rows(self) -> NDArray[np.float64]:
        """(frames, 5): when each came and its own time, s; then its parts' ns."""
        return np.array(self._values).reshape(-1, 2 + len(PARTS))


def soak(
    application: QApplication, window: MainWindow, session: LiveSession, watch: Watch, seconds: float
) -> dict[str, Any]:
    """Draw it for so many seconds, or until the sound or Ctrl-C ends it -> what was seen meanwhile.

    Memory grows since the first minute, or since the beginning of a shorter run.
    """
    window.timer.stop()
    opened = time.monotonic()
    while not len(heard := watch.rows()) or time.monotonic() < heard[0, 0] + OPENING_SECONDS:
        draw(application, window)
        if session.state.phase == "failed" or time.monotonic() > opened + PATIENCE:
            sys.exit(f"window_soak: {session.state.message or 'nothing is heard: choose another source'}")
    begun = looked = time.monotonic()
    counted, memory, slowest, ticks = len(watch.rows()), resident_megabytes(), 0.0, 0
    with suppress(KeyboardInterrupt):
        while (now := time.monotonic()) < begun + seconds and session.state.phase == "running":
            slowest, ticks = max(slowest, draw(application, window)), ticks + 1
            if now - looked >= LOOK_SECONDS:
                looked = now
                if now - begun < WARM_SECONDS:
                    memory = resident_megabytes()
                print(f"{now - begun:5.0f} s  {resident_megabytes():7.1f} MB", file=sys.stderr, flush=True)
    lasted, rows, last = time.monotonic() - begun, watch.rows()[counted:], watch.last
    assert last is not None
    parts = {f"{name}_us": percentiles(column) for name, column in zip(PARTS, rows[:, 2:].T, strict=True)}
    return {
        "frames": len(rows),
        "redraws_per_second": round(ticks / lasted, 1),
        "path": last.backend,
        "frame_us": percentiles(rows[:, 2:].sum(axis=1)),
        **parts,
        "samples_lost": last.dropped,
        "unaccounted_seconds": round(unaccounted_seconds(rows[:, 0] - rows[:, 1]), 3),
        "slowest_tick_ms": round(1000 * slowest, 1),
        "grown_mb": round(resident_megabytes() - memory, 1),
    }


def draw(application: QApplication, window: MainWindow) -> float:
    """One tick with painting -> the seconds that it took; the rest of its sixtieth is slept."""
    began = time.monotonic()
    window.tick()
    application.processEvents()
    taken = time.monotonic() - began
    time.sleep(max(0.0, TICK_SECONDS - taken))
    return taken


def unaccounted_seconds(delays: NDArray[np.float64]) -> float:
    """Sound that was neither heard nor counted as lost; negative where there is too much.

    delays (frames,) s: when each frame came, less its own time, in which lost samples count. The smallest one over
    some seconds is that of a frame that nothing delayed: it is the same at the end as at the beginning if all is
    accounted for.
    """
    edge = max(1, min(round(EDGE_SECONDS / FRAME_SECONDS), len(delays) // 4))
    return float(delays[-edge:].min() - delays[:edge].min())


def threads_left() -> list[str]:
    """The names of those that the window should have ended."""
    return sorted(thread.name for thread in threading.enumerate() if thread.name not in {*KEPT_THREADS, BUSY})


def keep_busy(load: str, resting: threading.Event) -> None:
    """Work without a pause: with numpy, which releases the GIL, or in Python itself, which starves every other thread
    until far more sound comes than can be answered.
    """
    matrix, value = np.ones((300, 300), np.float32), 0.0
    while not resting.is_set():
        if load == "numpy":
            matrix = np.sqrt(matrix * 2)
        else:
            for number in range(1, 20_000):
                value += math.sqrt(number)


def resident_megabytes() -> float:
    """Of the memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--listen", metavar="NAME", help="a microphone, not the demo; '' is the default one")
    source.add_argument("--play", type=Path, metavar="FILE", help="a file, not the demo")
    parser.add_argument("--seconds", type=float, default=600.0, help="default: 600")
    parser.add_argument("--silent", action="store_true", help="do not play it aloud")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="threads that work meanwhile (default: none)")
    parser.add_argument("--load", choices=("numpy", "python"), default="numpy", help="what these do (default: numpy)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
