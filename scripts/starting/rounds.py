"""One start of the real command, timed from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from scripts.starting.screen import Screen

CHECKOUT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "app"]  # what `nystream` and scripts/run.py start
PATIENCE = 60.0  # seconds; only a fault takes so long
LOOK_SECONDS = 0.002
WATCHED_SECONDS = 3.0  # after the first answer
ENTRY = re.compile(r"^(\S+ \S+),(\d{3}) INFO app\.engine: (.*)$", re.MULTILINE)
SOUND, ANSWER = "the source is open", "the first answer"  # how the entries of the log begin, see app/live/engine.py


@dataclass(frozen=True)
class WindowStart:
    """Seconds."""

    visible: float  # from the command until the window is painted
    sound: float  # from the command until the microphone is open
    answer: float  # from the later of both until the first picture after the first answer
    standstill: float  # the longest time without a new picture, in the first seconds after that


def start_window(screen: Screen) -> WindowStart:
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
    standstill = max(after - before for before, after in pairwise(moved))
    answered = moved[0] - max(visible, entries[SOUND])
    return WindowStart(visible - began, entries[SOUND] - began, answered, standstill)


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


def time_command(*arguments: str) -> float:
    """Seconds from the start of `nystream` to its end."""
    began = time.perf_counter()
    subprocess.run([*COMMAND, *arguments], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _wait(program: subprocess.Popen[bytes], began: float) -> None:
    if program.poll() is not None or time.time() > began + PATIENCE:
        raise RuntimeError("the window did not open, or heard nothing: start `nystream --start` by hand and look")
    time.sleep(LOOK_SECONDS)
