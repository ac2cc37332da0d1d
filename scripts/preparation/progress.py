"""How far a set-up is, and how long it still takes: a line that changes on a terminal, a line now and then else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

SHOWN_EVERY = (0.5, 5.0)  # seconds, on a terminal and in a pipe
MEASURED_SECONDS = 4.0  # before a time left is said


class Progress:
    """Of one step, by what is there already of `expected` megabytes; that may be exceeded, and 0 where nobody knows.

    measure: what is there, in bytes.
    """

    def __init__(
        self,
        doing: str,
        expected: float,
        measure: Callable[[], int],
        stream: TextIO | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._doing, self._expected, self._measure, self._now = doing, expected, measure, now
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._every = SHOWN_EVERY[not self._is_terminal]
        self._began, self._before = now(), measure()
        self._shown = -self._every

    def show(self) -> None:
        """Say how far it is, unless that was said just now."""
        passed = self._now() - self._began
        if passed - self._shown < self._every:
            return
        self._shown = passed
        done = max(0.0, (self._measure() - self._before) / 1e6)
        said = f"nystream: {self._doing}: {done:.0f}"
        if done < self._expected:
            said += f" of about {self._expected:.0f}"
        said += " MB"
        if passed >= MEASURED_SECONDS and 0.02 * self._expected < done < self._expected:
            minutes, seconds = divmod(round(passed * (self._expected / done - 1)), 60)
            said += f", about {minutes}:{seconds:02} left"
        self._write(said)

    def end(self) -> None:
        """Leave the terminal's line."""
        if self._is_terminal:
            self._write("")

    def _write(self, text: str) -> None:
        self._stream.write(f"\r\033[K{text}" if self._is_terminal else f"{text}\n")
        self._stream.flush()


def size_of(folder: Path) -> int:
    """Bytes of all files below; what vanishes meanwhile is left out."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue
    return total
