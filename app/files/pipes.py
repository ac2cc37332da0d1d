"""Standard input and named pipes as sources."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.files.inputs import STANDARD_INPUT
from audio import RawFormat, RawSource, Source, StreamSource, UnreadableFile


@contextmanager
def open_pipe(path: str, raw: RawFormat | None, channel: int | None) -> Iterator[RawSource | StreamSource]:
    """Standard input for "-", else a named pipe; `raw` describes only the former. Raises UnreadableFile."""
    if path == STANDARD_INPUT:
        with _standard_input(raw, channel) as source:
            yield source
        return
    try:
        pipe = open(path, "rb", buffering=0)  # noqa: SIM115 (what goes wrong later is not about opening)
    except OSError as error:
        raise UnreadableFile(f"the pipe cannot be opened ({error.strerror}): check its permissions") from error
    with pipe, StreamSource(pipe.fileno(), path, channel) as source:
        yield source


def _standard_input(raw: RawFormat | None, channel: int | None) -> RawSource | StreamSource:
    if sys.stdin is None or sys.stdin.closed:
        raise UnreadableFile("standard input is closed: pipe sound into it")
    if sys.stdin.isatty():
        raise UnreadableFile("standard input is a terminal: pipe sound into it")
    descriptor = sys.stdin.fileno()
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)
    if raw is None:
        return StreamSource(descriptor, channel=channel)
    return RawSource(descriptor, raw, channel=channel)


def is_pipe(path: str) -> bool:
    """A named pipe, or what a shell makes of <(command)."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False


def is_device(path: str) -> bool:
    """Something that may never end, such as /dev/zero, or that is no file at all, such as a socket."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISFIFO(mode))


def leftover_note(source: Source) -> str:
    """What to say when the stream has ended, "" if there is nothing."""
    leftover = source.leftover_bytes if isinstance(source, RawSource) else 0
    return f"the stream ended in the middle of a sample: {leftover} bytes were left out" if leftover else ""
