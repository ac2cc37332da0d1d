"""Standard error: sentences, and on a terminal a progress bar below them. Data never comes this way."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import suppress

from app.text import clock, one_line

RED, BOLD, PLAIN = "\x1b[31m", "\x1b[1m", "\x1b[0m"
REDRAW_SECONDS = 0.1


def wants_colour(stream: object) -> bool:
    """Whether it is a terminal, and NO_COLOR is not set (no-color.org)."""
    return _can_redraw(stream) and not os.environ.get("NO_COLOR")


def _can_redraw(stream: object) -> bool:
    """Whether it is a terminal that knows more than lines. A closed stream is None."""
    return bool(getattr(stream, "isatty", bool)()) and os.environ.get("TERM") != "dumb"


class Console:
    """What is said beside the data. `quiet`: only errors. `verbose`: everything."""

    def __init__(self, quiet: bool = False, verbose: bool = False) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._colour = wants_colour(sys.stderr)
        self._bar = _can_redraw(sys.stderr) and not quiet
        self._bar_shown = False
        self._began = time.monotonic()
        self._drawn = 0.0

    def error(self, sentence: str) -> None:
        self._say(f"{RED}nystream:{PLAIN} {one_line(sentence)}" if self._colour else f"nystream: {one_line(sentence)}")

    def note(self, sentence: str) -> None:
        if not self._quiet:
            self._say(f"nystream: {one_line(sentence)}")

    def detail(self, sentence: str) -> None:
        if self._verbose:
            self._say(f"nystream: {one_line(sentence)}")

    def trace(self, traceback: str) -> None:
        """Where the program itself went wrong."""
        if self._verbose:
            self._say(traceback)

    def progress(self, fraction: float, what: str) -> None:
        """A bar with the time that is left; only on a terminal."""
        now = time.monotonic()
        if not self._bar or now - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = now
        fraction = min(max(fraction, 0.0), 1.0)
        left = f"{clock((now - self._began) * (1 - fraction) / fraction)} left" if fraction > 0.005 else ""
        done = round(20 * fraction)
        line = f"{'#' * done}{'-' * (20 - done)} {100 * fraction:3.0f} % {left}  {one_line(what)}"
        width = shutil.get_terminal_size().columns - 1
        self._write(f"\r\x1b[K{line[:width]}")
        self._bar_shown = True

    def clear(self) -> None:
        """Take the bar away, before data or a sentence is printed."""
        if self._bar_shown:
            self._write("\r\x1b[K")
            self._bar_shown = False

    def _say(self, line: str) -> None:
        self.clear()
        self._write(f"{line}\n")

    def _write(self, text: str) -> None:
        """Where nobody can be told anything, the work goes on; the exit code says how it ended."""
        if sys.stderr is not None:
            with suppress(OSError):
                sys.stderr.write(text)
                sys.stderr.flush()
