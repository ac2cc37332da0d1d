"""Time the whole frame in a process whose window redraws at 60 Hz, as it is when the program is used.

    python3 scripts/benchmark_window.py [--seconds 60] [--json]

The real window plays live, and every frame is timed where it is computed: `frame_us` is log-mel, stem and step of a
file at the model's own sample rate; `log_mel_us`, `stem_us` and `step_us` are its parts. `halved` says the same of a
file at twice that rate, 44 100 Hz, and `resampled` of one at 48 000 Hz, as most microphones have it; that is counted
with log-mel. The first frames of each do not count. The window opens on the platform named in QT_QPA_PLATFORM, or
without a screen where that is not set; `redraws_per_second` says how often it was drawn.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import TO_WATCH, run_within_environment

run_within_environment(imported=TO_WATCH)

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy and torch are imported

import numpy as np
import soundfile

from app.stream.measure import percentiles
from app.stream.weights import default_weights
from app.text import to_json
from audio import SAMPLE_RATE

if TYPE_CHECKING:  # Qt is imported where the window is: scripts/benchmark.py has none
    from app.stream.snapshot import Snapshot
    from app.window.main import MainWindow

SECONDS, WARM_FRAMES, LOOK_SECONDS = 60.0, 40, 0.25
RATES = (SAMPLE_RATE, 2 * SAMPLE_RATE, 48_000)  # Hz


def measure(seconds: float) -> dict[str, Any]:
    """Open the window for a little more than so many seconds."""
    from app.cli.window import make_session
    from app.window.main import MainWindow
    from app.window.start import start_qt

    session = make_session(default_weights())
    application = start_qt()
    window = MainWindow(session)
    kept: list[Snapshot] = []
    drain = session.drain

    def drain_and_keep() -> list[Snapshot]:
        fresh = drain()
        kept.extend(fresh)
        return fresh

    session.drain = drain_and_keep  # type: ignore[method-assign]
    window.set_aloud(False)
    window.show()
    session.models.complete()
    with tempfile.TemporaryDirectory() as folder:
        watched = []
        for rate in RATES:
            sound = Path(folder) / f"{rate}.wav"
            noise = 0.1 * np.random.default_rng(0).normal(size=round(rate * (seconds + 20)))
            soundfile.write(sound, noise, rate)
            window.play(sound)
            watched.append(watch(window, kept, seconds / len(RATES)))
    window.close()
    session.close()
    application.processEvents()
    own, halved, resampled = watched
    return {**own, "front_end": session.models.model.front_end.name, "halved": halved, "resampled": resampled}


def watch(window: MainWindow, kept: list[Snapshot], seconds: float) -> dict[str, Any]:
    """The times of the frames that come within so many seconds."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop, redraws = QEventLoop(), 0

    def count() -> None:
        nonlocal redraws
        redraws += 1

    def live_for(seconds: float) -> None:
        QTimer.singleShot(round(1000 * seconds), loop.quit)  # to quit the application would close the window
        loop.exec()

    kept.clear()
    while len(kept) < WARM_FRAMES:
        live_for(LOOK_SECONDS)
    kept.clear()
    began = time.monotonic()
    window.timer.timeout.connect(count)
    live_for(seconds)
    window.timer.timeout.disconnect(count)
    lasted, frames = time.monotonic() - began, list(kept)
    spent = [frame.nanoseconds for frame in frames]
    return {
        "frames": len(frames),
        "redraws_per_second": round(redraws / lasted, 1),
        "path": frames[-1].backend,
        "frame_us": percentiles([each.log_mel + each.tokenizer + each.step for each in spent]),
        "log_mel_us": percentiles([each.log_mel for each in spent]),
        "stem_us": percentiles([each.tokenizer for each in spent]),
        "step_us": percentiles([each.step for each in spent]),
    }


def measure_apart(seconds: float) -> dict[str, Any]:
    """The same in a process of its own. Raises subprocess.CalledProcessError."""
    command = [sys.executable, __file__, "--json", "--seconds", str(seconds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    lines = [
        f"in a window that is drawn {report['redraws_per_second']} times a second, {report['frames']} frames, computed "
        f"by {report['path']}; microseconds p50, p95, p99"
    ]
    for said, measured in (("", report), (", halved", report["halved"]), (", resampled", report["resampled"])):
        for name in ("frame", "log_mel", "stem", "step"):
            times = measured[f"{name}_us"]
            lines.append(f"  {name + said:22}{times['p50']:10.1f}{times['p95']:10.1f}{times['p99']:10.1f}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"default: {SECONDS:g}")
    arguments = parser.parse_args()
    report = measure(arguments.seconds)
    print(to_json(report) if arguments.json else "\n".join(table(report)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
