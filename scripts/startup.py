"""Time a start of the window and of `nystream classify` as a user sees it.

    python3 scripts/startup.py [--rounds 5] [--json]

    visible     from the command until the window is painted on the screen
    sound       from the command until the microphone is open: the first sound comes with it
    answer      from the later of both until the first picture after the first answer
    standstill  the longest time without a new picture in the three seconds after that, while torch is imported
    classify    `nystream classify` of a file of 30 s, from start to end

The window opens as `nystream --start` on an X screen of its own (Xvfb), whose memory is looked at from outside (what is
in it has really been painted), and hears music from a microphone without hardware (PulseAudio): Linux only. Every round
is a new process without settings; one start before them, which is not counted, warms what can be warm.
"""

from __future__ import annotations

import argparse
import mmap
import os
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import CHECKOUT, TO_WATCH, run_within_environment

run_within_environment(imported=TO_WATCH)

import numpy as np
import soundfile

from app.demo.instruments import SAMPLE_RATE
from app.demo.pieces import PIECES
from app.stream.measure import machine
from app.text import to_json
from scripts.benchmark_offline import COMMAND, time_command
from scripts.virtual_microphone import VirtualMicrophone

FILE_SECONDS = 30
BARS = {"visible": 1.5, "answer": 0.5, "standstill": 0.05, "classify": 2.5}  # seconds
WIDTH, HEIGHT = 1280, 800  # as large as the window opens: without a window manager they coincide
LOOKED_AT = 64  # lines of the picture, evenly spread: enough to see that something moves
COLOURS = 30  # so many different ones mean text and curves, not an empty window
PIXEL = 4  # bytes
PATIENCE = 60.0  # seconds; only a fault takes so long
LOOK_SECONDS = 0.002
WATCHED_SECONDS = 3.0  # after the first answer
ENTRY = re.compile(r"^(\S+ \S+),(\d{3}) INFO app\.live\.engine: (.*)$", re.MULTILINE)
SOUND, ANSWER = "the source is open", "the first answer"  # how the entries of the log begin, see app/live/engine.py


class Screen:
    """What an X screen shows, read from the server's memory; programs find it by `environment`."""

    def __init__(self, memory: mmap.mmap, display: str) -> None:
        self.environment = {"DISPLAY": f":{display}", "QT_QPA_PLATFORM": "xcb"}
        self._memory = memory
        # An X window dump: 25 numbers, a name, a table of colours, and then the picture.
        header = struct.unpack_from(">25I", memory)
        self._line = header[12]
        self._begin = header[0] + 12 * header[19]

    def look(self) -> bytes:
        """Some lines of the picture, as it is at this moment."""
        offsets = range(self._begin, self._begin + HEIGHT * self._line, HEIGHT // LOOKED_AT * self._line)
        return b"".join(self._memory[offset : offset + PIXEL * WIDTH] for offset in offsets)

    def is_painted(self) -> bool:
        """Whether there is more than an empty window."""
        return len(set(memoryview(self.look()).cast("I"))) > COLOURS


@contextmanager
def open_screen() -> Iterator[Screen]:
    """A screen of its own, by the program Xvfb."""
    with tempfile.TemporaryDirectory(prefix="nystream-screen-") as folder:
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
        command += ["-fbdir", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout is not None
            try:
                display = server.stdout.readline().strip()
                with (Path(folder) / "Xvfb_screen0").open("rb") as file:
                    memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
                with memory:
                    yield Screen(memory, display)
            finally:
                server.terminate()


def time_window(screen: Screen) -> dict[str, float]:
    """`nystream --start` with a microphone that hears music, until it has moved for some seconds."""
    with tempfile.TemporaryDirectory(prefix="nystream-home-") as home:
        environment = os.environ | screen.environment | {"XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        began = time.time()  # as the log has it
        with subprocess.Popen([*COMMAND, "--start"], cwd=CHECKOUT, env=environment) as program:
            try:
                while not screen.is_painted():
                    _wait(program, began)
                visible = time.time()
                entries: dict[str, float] = {}
                picture, changes = screen.look(), [visible]
                while ANSWER not in entries or time.time() < entries[ANSWER] + WATCHED_SECONDS:
                    _wait(program, began)
                    before, picture = picture, screen.look()
                    if picture != before:
                        changes.append(time.time())
                    if ANSWER not in entries:
                        entries = read_log(Path(home))
            finally:
                program.send_signal(signal.SIGTERM)
                program.wait(PATIENCE)
    moved = [at for at in changes if at >= entries[ANSWER]]
    return {
        "visible": visible - began,
        "sound": entries[SOUND] - began,
        "answer": moved[0] - max(visible, entries[SOUND]),
        "standstill": max(after - before for before, after in pairwise(moved)),
    }


def read_log(home: Path) -> dict[str, float]:
    """What the log says of the sound, and when, in seconds of the clock."""
    entries = {}
    for log in home.rglob("nystream.log"):
        for moment, milliseconds, said in ENTRY.findall(log.read_text()):
            at = datetime.strptime(moment, "%Y-%m-%d %H:%M:%S").timestamp() + int(milliseconds) / 1000
            for beginning in (SOUND, ANSWER):
                if said.startswith(beginning):
                    entries[beginning] = at
    return entries


def _wait(program: subprocess.Popen[bytes], began: float) -> None:
    if program.poll() is not None or time.time() > began + PATIENCE:
        raise RuntimeError("the window did not open, or heard nothing: start `nystream --start` by hand and look")
    time.sleep(LOOK_SECONDS)


def measure(rounds: int) -> dict[str, Any]:
    """The whole report; every figure in seconds."""
    music = np.concatenate([piece.make() for piece in PIECES])
    with tempfile.TemporaryDirectory(prefix="nystream-startup-") as folder:
        file = Path(folder) / "music.wav"
        soundfile.write(file, music[: FILE_SECONDS * SAMPLE_RATE], SAMPLE_RATE)
        with VirtualMicrophone() as microphone, open_screen() as screen:
            microphone.play(np.tile(music, 10), SAMPLE_RATE)
            starts = [time_window(screen) for _ in range(rounds + 1)][1:]
        classified = [time_command("classify", str(file)) for _ in range(rounds + 1)][1:]
    series = {key: [start[key] for start in starts] for key in starts[0]} | {"classify": classified}
    figures = {key: {"median": statistics.median(values), "worst": max(values)} for key, values in series.items()}
    return {"machine": machine(), "rounds": rounds, **figures, "bars": BARS}


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    lines = [f"{report['machine']}, {report['rounds']} rounds; milliseconds", f"{'':12}{'median':>8}{'worst':>8}"]
    for key in ("visible", "sound", "answer", "standstill", "classify"):
        bar = f"   at most {1000 * BARS[key]:.0f}" if key in BARS else ""
        lines.append(f"{key:12}{1000 * report[key]['median']:8.0f}{1000 * report[key]['worst']:8.0f}{bar}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    report = measure(arguments.rounds)
    print(to_json(report) if arguments.json else "\n".join(table(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
