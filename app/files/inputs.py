"""From what was typed to the files that are meant: files, folders, globs, lists and standard input, in order."""

from __future__ import annotations

import codecs
import glob
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from app.files.answer import FileError
from audio import SUFFIXES, RawFormat, RawSource, StreamSource, UnreadableFile

STANDARD_INPUT = "-"

Tell = Callable[[str], object]


def expand(given: Sequence[str], recursive: bool, tell: Tell = lambda path: None) -> Iterator[str | FileError]:
    """Paths as they were given or found, and what cannot be used in its place among them.

    In folders only files with the suffix of sound are found; `tell` is told of those that are passed over.
    """
    for text in given:
        if text.startswith("@") and len(text) > 1:
            yield from _expand_list(text, recursive, tell)
        else:
            yield from _expand_one(text, recursive, tell)


def common_root(given: Sequence[str], inputs: Sequence[str]) -> Path:
    """The deepest folder that holds all inputs: a single folder itself, the folder of a single file."""
    if len(given) == 1 and os.path.isdir(given[0]):
        return Path(os.path.abspath(given[0]))
    parents = {os.path.dirname(os.path.abspath(path)) for path in inputs if path != STANDARD_INPUT}
    try:
        return Path(os.path.commonpath(sorted(parents))) if parents else Path.cwd()
    except ValueError:  # on Windows: on different drives
        return Path()


def size_of(path: str) -> int:
    """Bytes, at least 1; of what cannot be read as well."""
    try:
        return max(1, os.path.getsize(path))
    except OSError:
        return 1


def is_pipe(path: str) -> bool:
    """A named pipe, or what a shell makes of <(command)."""
    return stat.S_ISFIFO(_mode(path))


def is_device(path: str) -> bool:
    """Something that may never end, such as /dev/zero, or that is no file at all, such as a socket."""
    mode = _mode(path)
    return mode != 0 and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISFIFO(mode))


def _mode(path: str) -> int:
    """What it is, in the words of `stat`; 0 for what cannot be looked at."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


@contextmanager
def open_pipe(
    path: str, raw: RawFormat | None, channel: int | None, track: int | None
) -> Iterator[RawSource | StreamSource]:
    """Standard input for "-", else a named pipe; `raw` describes only the former. Raises UnreadableFile."""
    if path == STANDARD_INPUT:
        with _standard_input(raw, channel, track) as source:
            yield source
        return
    try:
        pipe = open(path, "rb", buffering=0)  # noqa: SIM115 (what goes wrong later is not about opening)
    except OSError as error:
        raise UnreadableFile(f"the pipe cannot be opened ({error.strerror}): check its permissions") from error
    with pipe, StreamSource(pipe.fileno(), path, channel, track) as source:
        yield source


def _standard_input(raw: RawFormat | None, channel: int | None, track: int | None) -> RawSource | StreamSource:
    if sys.stdin is None or sys.stdin.closed:
        raise UnreadableFile("standard input is closed: pipe sound into it")
    if sys.stdin.isatty():
        raise UnreadableFile("standard input is a terminal: pipe sound into it")
    descriptor = sys.stdin.fileno()
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)
    if raw is None:
        return StreamSource(descriptor, channel=channel, track=track)
    return RawSource(descriptor, raw, channel=channel)


def _expand_one(text: str, recursive: bool, tell: Tell) -> Iterator[str | FileError]:
    if text == STANDARD_INPUT:
        yield text
    elif os.path.isdir(text):
        if recursive:
            yield from _expand_folder(text, tell)
        else:
            yield FileError(text, "this is a folder: add -r to classify what is in it")
    elif not os.path.lexists(text) and glob.has_magic(text):
        found = sorted(glob.glob(text, recursive=True))
        if not found:
            yield FileError(text, "no file matches this pattern: check it")
        for match in found:
            if not os.path.isdir(match):
                yield match
            elif recursive:
                yield from _expand_folder(match, tell)
    else:
        yield text


def _expand_folder(folder: str, tell: Tell) -> Iterator[str | FileError]:
    found = list(_walk(folder, set(), tell))
    yield from found or [FileError(folder, "there are no sound files in this folder: check its name")]


def _walk(folder: str, visited: set[tuple[int, int]], tell: Tell) -> Iterator[str | FileError]:
    """Sorted; links are followed, but no folder is entered twice, so loops end."""
    try:
        status = os.stat(folder)
        identity = (status.st_dev, status.st_ino)
        if identity in visited:
            return
        visited.add(identity)
        names = sorted(os.listdir(folder), key=os.fsencode)
    except OSError as error:
        yield FileError(folder, f"the folder cannot be read ({error.strerror}): check its permissions")
        return
    for name in names:
        path = os.path.join(folder, name)
        hidden = name.startswith(".")  # also the shadows `._song.mp3` that macOS leaves on other disks
        if os.path.isdir(path):
            if not hidden:
                yield from _walk(path, visited, tell)
        elif hidden or os.path.splitext(name)[1].lower() not in SUFFIXES:
            tell(path)
        else:
            yield path


def _expand_list(text: str, recursive: bool, tell: Tell) -> Iterator[str | FileError]:
    """One path a line, or between NUL bytes if there are any; empty lines and lines that begin with # are skipped."""
    try:
        with open(0 if text == "@-" else text[1:], "rb", closefd=text != "@-") as file:
            content = _without_mark(file.read())
    except OSError as error:
        yield FileError(text, f"the list cannot be read ({error.strerror}): check its name")
        return
    between_zeros = b"\0" in content
    lines = content.split(b"\0") if between_zeros else content.splitlines()
    for line in lines:
        path = os.fsdecode(line)
        if path.strip() and (between_zeros or not path.startswith("#")):
            yield from _expand_one(path, recursive, tell)


def _without_mark(content: bytes) -> bytes:
    """A list as it is, or in UTF-8 where it begins with the byte order mark of UTF-8 or UTF-16, as Windows' editors
    write it.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        with suppress(UnicodeDecodeError):  # or these are the first bytes of a name
            return content.decode("utf-16").encode()
    return content.removeprefix(codecs.BOM_UTF8)
