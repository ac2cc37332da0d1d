"""Time `nystream classify` on this machine: one core, all cores, memory, and the start.

    python3 scripts/benchmark_offline.py            (a table)
    python3 scripts/benchmark_offline.py --json     (one JSON object)
    python3 scripts/benchmark_offline.py --day      (a file of 24 hours too; some minutes)

`one_core`: from decoding to JSON in one process with one thread, for mono WAV files of several lengths, with the most
memory that the process ever took. `jobs`: the real command on as many files as there are cores, by `--jobs`, from its
start to its end. `start`: the real command on two seconds of sound. `front_end`: microseconds per frame, part by part.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import CHECKOUT, run_within_environment

run_within_environment()

from app.text import to_json

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import soundfile

from app.stream.backend import compile_everything
from audio import FRAME_SECONDS, HOP, SAMPLE_RATE, FrontEnd, StreamingLogMel, StreamingResampler

COMMAND = [sys.executable, "-m", "app"]  # what `nystream` and scripts/run.py start
MINUTES, QUICK_MINUTES = (1.0, 10.0, 60.0), (0.2,)
DAY = 24 * 60.0  # minutes
JOB_MINUTES, QUICK_JOB_MINUTES = 20.0, 0.2
STARTS, ROUNDS = 5, 100
RATES = (44_100, 48_000)  # Hz
# In a process of its own, for the most memory that a process ever took is never given back.
ONE_FILE = """
import json, sys, time
from pathlib import Path
from app.files.classify import classify_file, load_once
from app.files.json_formats import file_pieces
from app.stream.models import identify
from app.stream.weights import default_weights

weights = default_weights()
classifier = load_once(str(weights), identify(weights)["hash"])
classify_file(classifier, Path(sys.argv[1]))
began = time.perf_counter()
with open(sys.argv[3], "w") as output:
    for piece in file_pieces(classify_file(classifier, Path(sys.argv[2]))):
        output.write(piece)
seconds = time.perf_counter() - began
try:
    import resource
    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
except ImportError:  # Windows does not say
    most = None
print(json.dumps([seconds, most]))
"""


def measure(quick: bool = False, day: bool = False) -> dict[str, Any]:
    """The whole report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = make_noise(folder / "short.wav", 2 / 60)
        starts = [time_command("classify", str(short)) for _ in range(1 if quick else STARTS)]
        lengths = QUICK_MINUTES if quick else (*MINUTES, DAY) if day else MINUTES
        return {
            "cores": os.cpu_count(),
            "one_core": [one_file(folder, short, minutes) for minutes in lengths],
            "jobs": scale(folder, QUICK_JOB_MINUTES, 1) if quick else scale(folder, JOB_MINUTES, os.cpu_count() or 1),
            "start_seconds": statistics.median(starts),
            "front_end_us": front_end(),
        }


def time_command(*arguments: str) -> float:
    """Seconds from the start of `nystream` to its end."""
    began = time.perf_counter()
    subprocess.run([*COMMAND, *arguments], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def make_noise(path: Path, minutes: float) -> Path:
    """16-bit mono at the model's rate; written a minute at a time."""
    left = round(60 * minutes * SAMPLE_RATE)
    minute = (3000 * np.random.default_rng(0).standard_normal(60 * SAMPLE_RATE)).astype(np.int16)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as file:
        while left:
            file.write(minute[:left])
            left -= min(left, len(minute))
    return path


def one_file(folder: Path, short: Path, minutes: float) -> dict[str, float | None]:
    """Speed and memory for one length."""
    path = make_noise(folder / "long.wav", minutes)
    command = [sys.executable, "-c", ONE_FILE, str(short), str(path), str(folder / "answer.json")]
    seconds, most = json.loads(subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True).stdout)
    path.unlink()
    return {
        "minutes": minutes,
        "seconds": round(seconds, 3),
        "real_time": round(60 * minutes / seconds, 1),
        "megabytes": None if most is None else round(most / 1e6, 1),
    }


def scale(folder: Path, minutes: float, cores: int) -> list[dict[str, float]]:
    """The command on as many files as there are cores, with one process, with two, and so on up to the cores."""
    files = [make_noise(folder / f"{number}.wav", minutes) for number in range(cores)]
    counts = sorted({cores, *(2**power for power in range(cores.bit_length()))})
    seconds = {jobs: time_command("classify", *map(str, files), "--jobs", str(jobs)) for jobs in counts}
    return [
        {"jobs": jobs, "seconds": round(taken, 2), "speedup": round(seconds[1] / taken, 2)}
        for jobs, taken in seconds.items()
    ]


def front_end() -> dict[str, float]:
    """Microseconds for each frame's worth of samples, a hop at a time as they come live."""
    ready = FrontEnd()
    compile_everything(ready)
    log_mel = StreamingLogMel(ready)
    parts: dict[str, float] = {"log_mel": per_frame(log_mel.push, SAMPLE_RATE)}
    for rate in RATES:
        parts[f"resample_{rate}"] = per_frame(StreamingResampler(rate, ready).push, rate)
    return parts


def per_frame(push: Callable[[np.ndarray], object], rate: int) -> float:
    """The best of some rounds of a second of sound."""
    noise = np.random.default_rng(0).normal(0, 0.1, round(HOP * rate / SAMPLE_RATE)).astype(np.float32)
    frames = round(1 / FRAME_SECONDS)
    return round(1e6 * min(timeit.repeat(lambda: push(noise), repeat=ROUNDS, number=frames)) / frames, 1)


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    lines = ["classify on one core, from decoding to JSON"]
    for row in report["one_core"]:
        speed = f"{row['real_time']:8.0f} times real time"
        memory = f", at most {row['megabytes']:.0f} MB" if row["megabytes"] else ""
        lines.append(f"{row['minutes']:8.1f} min{speed}{memory}")
    lines.append(f"the command on {report['cores']} files, start to end")
    for row in report["jobs"]:
        lines.append(f"{row['jobs']:8} jobs{row['seconds']:8.1f} s, {row['speedup']:.2f} times as fast as one")
    parts = ", ".join(f"{name.replace('_', ' ')} {value:.0f}" for name, value in report["front_end_us"].items())
    return [*lines, f"start to end of two seconds: {report['start_seconds']:.2f} s", f"microseconds a frame: {parts}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="short files only, to see that it runs")
    parser.add_argument("--day", action="store_true", help="a file of 24 hours too")
    arguments = parser.parse_args()
    report = measure(arguments.quick, arguments.day)
    print(to_json(report) if arguments.json else "\n".join(table(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
