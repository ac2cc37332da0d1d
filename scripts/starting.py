"""One start of the real command, timed from outside: the window on an X screen of its own, looked at in its memory.

What is in that memory has really been painted.
"""

from __future__ import annotations

import mmap
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from types import TracebackType

CHECKOUT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "app"]  # what `nystream` and scripts/run.py start
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
    """`with Screen() as screen:`; programs find it by `environment`. Needs the program Xvfb."""

    def __enter__(self) -> Screen:
        self._folder = tempfile.TemporaryDirectory(prefix="nystream-screen-")
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
        command += ["-fbdir", self._folder.name]
        self._server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._server.stdout is not None
        self.environment = {"DISPLAY": f":{self._server.stdout.readline().strip()}", "QT_QPA_PLATFORM": "xcb"}
        with (Path(self._folder.name) / "Xvfb_screen0").open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        # An X window dump: 25 numbers, a name, a table of colours, and then the picture.
        header = struct.unpack_from(">25I", self._memory)
        self._line = header[12]
        self._begin = header[0] + 12 * header[19]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.close()
        self._server.terminate()
        self._server.communicate()
        self._folder.cleanup()

    def look(self) -> bytes:
        """Some lines of the picture, as it is at this moment."""
        offsets = range(self._begin, self._begin + HEIGHT * self._line, HEIGHT // LOOKED_AT * self._line)
        return b"".join(self._memory[offset : offset + PIXEL * WIDTH] for offset in offsets)

    def is_painted(self) -> bool:
        """Whether there is more than an empty window."""
        return len(set(memoryview(self.look()).cast("I"))) > COLOURS


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
