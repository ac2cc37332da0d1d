"""Time a start of the window and of `nystream classify` as a user sees it.

    python3 scripts/startup.py [--rounds 5] [--microphone] [--json]

    visible     from the command until the window has been painted for the first time
    sound       from the command until the sound is open, a file's or with --microphone the system's default one
    answer      from the later of both until the first answer; the next picture shows it, within a sixtieth
    classify    `nystream classify` of a file of 30 s, from start to end

The window opens where QT_QPA_PLATFORM says, on your screen where that is not set, and the moments are those of its
log: Linux only. Every round is a new process without settings; one start before them, which is not counted, warms what
can be warm.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import CHECKOUT, TO_WATCH, run_within_environment

run_within_environment(imported=TO_WATCH)

import numpy as np

from app.demo.instruments import SAMPLE_RATE
from app.stream.measure import machine
from app.text import to_json
from scripts.benchmark_offline import COMMAND, demo_music, time_command
from scripts.encode import encode

FILE_SECONDS = 30
BARS = {"visible": 1.5, "answer": 0.5, "classify": 2.5}  # seconds
PATIENCE = 60.0  # seconds; only a fault takes so long
LOOK_SECONDS = 0.02
# How entries of the log begin, see app/window/start.py and app/live/engine.py.
SAID = {"visible": "the window is painted", "sound": "the source is open", "answer": "the first answer"}
ENTRY = re.compile(rf"^(\S+ \S+),(\d{{3}}) INFO \S+: ({'|'.join(SAID.values())})", re.MULTILINE)


def time_window(
    *arguments: str,
    command: Sequence[str] = COMMAND,
    environment: Mapping[str, str] = os.environ,
    user: int | None = None,
) -> dict[str, float]:
    """`nystream` with these arguments, until it has answered. command: another way to start it; user: as whom."""
    with tempfile.TemporaryDirectory(prefix="nystream-home-") as home:
        if user is not None:
            os.chmod(home, 0o777)
        environment = {**environment, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        began = time.time()  # as the log has it
        with subprocess.Popen([*command, *arguments], cwd=CHECKOUT, env=environment, user=user) as program:
            try:
                while len(entries := read_log(Path(home))) < len(SAID):
                    if program.poll() is not None or time.time() > began + PATIENCE:
                        sys.exit("startup: the window did not open, or heard nothing: start `nystream` and look")
                    time.sleep(LOOK_SECONDS)
            finally:
                program.send_signal(signal.SIGTERM)
                program.wait(PATIENCE)
    visible, sound = entries["visible"], entries["sound"]
    return {"visible": visible - began, "sound": sound - began, "answer": entries["answer"] - max(visible, sound)}


def read_log(home: Path) -> dict[str, float]:
    """The moments that the log tells, in seconds of the clock."""
    entries = {}
    for log in home.rglob("nystream.log"):
        for moment, milliseconds, said in ENTRY.findall(log.read_text()):
            name = next(name for name, beginning in SAID.items() if beginning == said)
            entries[name] = datetime.strptime(moment, "%Y-%m-%d %H:%M:%S").timestamp() + int(milliseconds) / 1000
    return entries


def measure(rounds: int, microphone: bool) -> dict[str, Any]:
    """The whole report; every figure in seconds."""
    with tempfile.TemporaryDirectory(prefix="nystream-startup-") as folder:
        file = Path(folder) / "music.wav"
        encode(file, "pcm_s16le", demo_music()[: FILE_SECONDS * SAMPLE_RATE, np.newaxis], SAMPLE_RATE)
        asked = ["--start"] if microphone else ["--play", str(file), "--silent"]
        starts = [time_window(*asked) for _ in range(rounds + 1)][1:]
        classified = [time_command("classify", str(file)) for _ in range(rounds + 1)][1:]
    series = {key: [start[key] for start in starts] for key in SAID} | {"classify": classified}
    figures = {key: {"median": statistics.median(values), "worst": max(values)} for key, values in series.items()}
    return {"machine": machine(), "rounds": rounds, **figures, "bars": BARS}


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    lines = [f"{report['machine']}, {report['rounds']} rounds; milliseconds", f"{'':12}{'median':>8}{'worst':>8}"]
    for key in (*SAID, "classify"):
        bar = f"   at most {1000 * BARS[key]:.0f}" if key in BARS else ""
        lines.append(f"{key:12}{1000 * report[key]['median']:8.0f}{1000 * report[key]['worst']:8.0f}{bar}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--microphone", action="store_true", help="listen to it, instead of playing a file")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    report = measure(arguments.rounds, arguments.microphone)
    print(to_json(report) if arguments.json else "\n".join(table(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
