"""Time the whole frame in a process whose window redraws at 60 Hz, as it is when the program is used.

    python3 scripts/benchmark_window.py [--seconds 40] [--json]

The real window plays live, and every frame is timed where it is computed: `frame_us` is log-mel, stem and step of a
file at the model's own sample rate; `log_mel_us`, `stem_us` and `step_us` are its parts. `resampled` says the same of
the demo's music, which is resampled, as most microphones are; that is counted with log-mel. The first frames of each
do not count. The window opens on the platform named in QT_QPA_PLATFORM, or without a screen where that is not set;
`redraws_per_second` says how often it was drawn.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment
from scripts.preparation.within import IMPORTED

run_within_environment(imported=(*IMPORTED, "pyqtgraph", "PySide6"))

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy and torch are imported

import numpy as np
import soundfile
from PySide6.QtCore import QEventLoop, QTimer

from app.bench.timing import percentiles
from app.commands.window import make_session
from app.snapshot import Snapshot
from app.weights import default_weights
from app.window import MainWindow
from app.window.start import start_qt
from audio import SAMPLE_RATE, FrontEnd
from scripts.measures.beside_window import window_table

SECONDS, WARM_FRAMES, LOOK_MILLISECONDS = 40.0, 40, 250


def measure(seconds: float) -> dict[str, Any]:
    """Open the window for so long, and a little more."""
    front_end = FrontEnd()
    session = make_session(default_weights(), front_end=front_end)
    application = start_qt()
    window = MainWindow(session)
    kept: list[Snapshot] = []
    window.live.heard.connect(kept.extend)
    window.set_aloud(False)
    window.show()
    session.complete()
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "noise.wav"
        noise = 0.1 * np.random.default_rng(0).normal(size=round(SAMPLE_RATE * (seconds + 60)))
        soundfile.write(sound, noise, SAMPLE_RATE)
        window.play(sound)
        file = watch(window, kept, seconds / 2)
        window.live.demo()
        demo = watch(window, kept, seconds / 2)
    window.close()
    session.close()
    application.processEvents()
    return {**file, "front_end": front_end.name, "resampled": demo}


def watch(window: MainWindow, kept: list[Snapshot], seconds: float) -> dict[str, Any]:
    """The frames of so long, of those that are kept."""
    redraws, began = 0, 0.0
    poll, loop = QTimer(window), QEventLoop()

    def count() -> None:
        nonlocal redraws
        redraws += 1

    def look() -> None:
        nonlocal began
        now = time.monotonic()
        if not began and len(kept) >= WARM_FRAMES:
            began = now
            kept.clear()
            window.timer.timeout.connect(count)
        elif began and now > began + seconds:
            loop.quit()  # to quit the application would close the window

    kept.clear()
    poll.timeout.connect(look)
    poll.start(LOOK_MILLISECONDS)
    loop.exec()
    poll.stop()
    window.timer.timeout.disconnect(count)
    lasted, frames = time.monotonic() - began, list(kept)
    spent = [frame.nanoseconds for frame in frames]
    return {
        "frames": len(frames),
        "redraws_per_second": round(redraws / lasted, 1),
        "path": frames[-1].path,
        "frame_us": percentiles([each.log_mel + each.tokenizer + each.step for each in spent]),
        "log_mel_us": percentiles([each.log_mel for each in spent]),
        "stem_us": percentiles([each.tokenizer for each in spent]),
        "step_us": percentiles([each.step for each in spent]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"default: {SECONDS:g}")
    arguments = parser.parse_args()
    report = measure(arguments.seconds)
    print(json.dumps(report) if arguments.json else "\n".join(window_table(report)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
