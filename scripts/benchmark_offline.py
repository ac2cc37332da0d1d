"""Time `nystream classify` on this machine: one core, all cores, memory, and the start.

    python3 scripts/benchmark_offline.py            (a table)
    python3 scripts/benchmark_offline.py --json     (one JSON object)
    python3 scripts/benchmark_offline.py --day      (a file of 24 hours too; some minutes)

`encodings`: from decoding to JSON in one process with one thread, for twenty files of a minute in each encoding that
people have, and how fast decoding alone would be; by processor time, which is the same on a busy machine. `one_core`:
the same for one mono WAV of each of several lengths, with the most memory that the process ever took. `jobs`: the real
command on 64 MP3 files of three minutes, by `--jobs`, from its start to its end. `start`: the real command on two
seconds of sound. `front_end`: microseconds per frame, part by part.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
import wave
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import CHECKOUT, run_within_environment

run_within_environment()

from app.text import to_json

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from app.demo.pieces import PIECES
from audio import FRAME_SECONDS, HOP, SAMPLE_RATE, StreamingLogMel, StreamingResampler
from scripts.encode import encode

COMMAND = [sys.executable, "-m", "app"]  # what `nystream` and scripts/run.py start
MINUTES, QUICK_MINUTES = (1.0, 10.0, 60.0), (0.2,)
DAY = 24 * 60.0  # minutes
# Minutes of each, how many files.
ENCODED, QUICK_ENCODED = (1.0, 20), (0.1, 1)
JOBS, QUICK_JOBS = (3.0, 64), (0.1, 2)
ENCODINGS = (  # name, suffix, encoder, rate in Hz, channels
    ("wav, mono", "wav", "pcm_s16le", 22_050, 1),
    ("wav", "wav", "pcm_s16le", 44_100, 2),
    ("flac", "flac", "flac", 44_100, 2),
    ("ogg", "ogg", "vorbis", 44_100, 2),
    ("mp3", "mp3", "libmp3lame", 44_100, 2),
    ("m4a", "m4a", "aac", 44_100, 2),
    ("opus", "opus", "libopus", 48_000, 2),
)
STARTS, ROUNDS = 5, 100
RATES = (44_100, 48_000)  # Hz
# In a process of its own, for the most memory that a process ever took is never given back. Every file is answered and
# then decoded so often, behind one that nobody times.
FILES = """
import json, sys, time
from app.files.classify import classify_file, load_once
from app.files.json_formats import file_pieces
from app.stream.models import identify
from app.stream.weights import default_weights
from audio.decode import decode_file

answer, count, first, *paths = sys.argv[1:]
weights = default_weights()
classifier = load_once(str(weights), identify(weights)["hash"])
classify_file(classifier, first)
seconds = []
for path in paths:
    began = time.process_time()
    for _ in range(int(count)):
        with open(answer, "w") as output:
            output.writelines(file_pieces(classify_file(classifier, path)))
    decoding = time.process_time()
    for _ in range(int(count)):
        sum(map(len, decode_file(path).blocks))
    seconds.append([decoding - began, time.process_time() - decoding])
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
            "encodings": encodings(folder, short, *(QUICK_ENCODED if quick else ENCODED)),
            "one_core": [one_file(folder, short, minutes) for minutes in lengths],
            "jobs": scale(folder, *QUICK_JOBS, 1) if quick else scale(folder, *JOBS, os.cpu_count() or 1),
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
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        while left:
            file.writeframes(minute[:left].tobytes())
            left -= min(left, len(minute))
    return path


@cache
def demo_music() -> NDArray[np.float32]:
    return np.concatenate([piece.make() for piece in PIECES])


def make_music(minutes: float, rate: int, channels: int) -> NDArray[np.float32]:
    """(n, channels): the demo's, at whatever speed."""
    mono = np.resize(demo_music(), round(60 * minutes * rate))
    return np.stack([mono, np.roll(mono, rate)][:channels], axis=1)


def encodings(folder: Path, short: Path, minutes: float, count: int) -> list[dict[str, Any]]:
    """Times real time of each encoding, of the whole and of decoding alone."""
    paths = []
    for number, (_, suffix, encoder, rate, channels) in enumerate(ENCODINGS):
        path, music = folder / f"{number}.{suffix}", make_music(minutes, rate, channels)
        paths.append(encode(path, encoder, music, rate, sample_types=("s16", "fltp")))  # FLAC of 16 bits, as on a CD
    taken, _ = time_files(folder, short, paths, count)
    speeds = [[round(60 * minutes * count / seconds) for seconds in pair] for pair in taken]
    return [
        {"encoding": name, "rate": rate, "channels": channels, "real_time": whole, "decoding_real_time": decoding}
        for (name, _, _, rate, channels), (whole, decoding) in zip(ENCODINGS, speeds, strict=True)
    ]


def time_files(folder: Path, short: Path, paths: list[Path], count: int) -> tuple[list[list[float]], float | None]:
    """Seconds for answering each file so often, and for decoding it so often; and the most bytes of memory."""
    command = [sys.executable, "-c", FILES, *map(str, (folder / "answer.json", count, short, *paths))]
    seconds, most = json.loads(subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True).stdout)
    return seconds, most


def one_file(folder: Path, short: Path, minutes: float) -> dict[str, float | None]:
    """Speed and memory for one length."""
    path = make_noise(folder / "long.wav", minutes)
    [[seconds, _]], most = time_files(folder, short, [path], 1)
    path.unlink()
    return {
        "minutes": minutes,
        "seconds": round(seconds, 3),
        "real_time": round(60 * minutes / seconds, 1),
        "megabytes": None if most is None else round(most / 1e6, 1),
    }


def scale(folder: Path, minutes: float, count: int, cores: int) -> list[dict[str, float]]:
    """The command on so many files, with one process, with two, and so on up to the cores."""
    first = encode(folder / "0.mp3", "libmp3lame", make_music(minutes, 44_100, 2), 44_100)
    files = [first, *(folder / f"{number}.mp3" for number in range(1, count))]
    for file in files[1:]:
        shutil.copyfile(first, file)
    counts = sorted({cores, *(2**power for power in range(cores.bit_length()))})
    seconds = {jobs: time_command("classify", *map(str, files), "--jobs", str(jobs)) for jobs in counts}
    return [
        {"jobs": jobs, "seconds": round(taken, 2), "speedup": round(seconds[1] / taken, 2)}
        for jobs, taken in seconds.items()
    ]


def front_end() -> dict[str, float]:
    """Microseconds for each frame's worth of samples, a hop at a time as they come live."""
    parts: dict[str, float] = {"log_mel": per_frame(StreamingLogMel().push, SAMPLE_RATE)}
    for rate in RATES:
        parts[f"resample_{rate}"] = per_frame(StreamingResampler(rate).push, rate)
    return parts


def per_frame(push: Callable[[np.ndarray], object], rate: int) -> float:
    """The best of some rounds of a second of sound."""
    noise = np.random.default_rng(0).normal(0, 0.1, round(HOP * rate / SAMPLE_RATE)).astype(np.float32)
    frames = round(1 / FRAME_SECONDS)
    return round(1e6 * min(timeit.repeat(lambda: push(noise), repeat=ROUNDS, number=frames)) / frames, 1)


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    lines = ["classify on one core, from decoding to JSON"]
    for row in report["encodings"]:
        form = f"{row['encoding']}, {row['rate'] / 1000:g} kHz"
        lines.append(f"{form:>20}{row['real_time']:8} times real time, decoding alone {row['decoding_real_time']}")
    for row in report["one_core"]:
        speed = f"{row['real_time']:8.0f} times real time"
        memory = f", at most {row['megabytes']:.0f} MB" if row["megabytes"] else ""
        lines.append(f"{row['minutes']:8.1f} min{speed}{memory}")
    lines.append("the command on MP3 files of three minutes, start to end")
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
