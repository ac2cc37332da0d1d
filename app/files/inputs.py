"""From what was typed to the files that are meant: files, folders, globs, lists and standard input, in order."""

from __future__ import annotations

import codecs
import glob
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from app.files.answer import FileError
from audio import SUFFIXES, RawFormat, RawSource, StreamSource, UnreadableFile

STANDARD_INPUT = "-"
_SEPARATORS = re.escape(os.sep + (os.altsep or ""))
ANY_FOLDERS = rf"(?:^|(?<=[{_SEPARATORS}]))\*\*(?:[{_SEPARATORS}]+|$)"  # `**` in a pattern

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
        found = sorted(set(_matching(text)))
        if not found:
            yield FileError(text, "no file matches this pattern: check it")
        for match in found:
            if not os.path.isdir(match):
                yield match
            elif recursive:
                yield from _expand_folder(match, tell)
    else:
        yield text


def _matching(pattern: str) -> Iterator[str]:
    """As `glob` finds them, but `**` enters no folder twice, so loops end."""
    top, *rest = re.split(ANY_FOLDERS, pattern, maxsplit=1)
    if not rest:
        yield from glob.iglob(pattern)
        return
    for parent in glob.glob(top) if top else [top]:
        for path in _below(parent):
            if isinstance(path, str) and _is_folder(path):
                yield from _matching(os.path.join(glob.escape(path), rest[0] or "*"))


def _expand_folder(folder: str, tell: Tell) -> Iterator[str | FileError]:
    nothing = True
    for path in _below(folder):
        if isinstance(path, str):
            if _is_folder(path) and not _is_hidden(path, folder):
                continue
            other = is_pipe(path) or is_device(path)  # it would be waited for, or never end
            if other or _is_hidden(path, folder) or os.path.splitext(path)[1].lower() not in SUFFIXES:
                tell(path)
                continue
        nothing = False
        yield path
    if nothing:
        yield FileError(folder, "there are no sound files in this folder: check its name")


def _below(folder: str) -> Iterator[str | FileError]:
    """A folder and all that is in it, sorted, but not what is in hidden folders; "" for the present one.

    Links are followed, but no folder is entered twice, so loops end.
    """
    visited: set[tuple[int, int]] = set()
    waiting = [folder]  # the next one last
    while waiting:
        path = waiting.pop()
        if not _is_folder(path) or _is_hidden(path, folder):
            yield path
            continue
        try:
            status = os.stat(path or os.curdir)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            names = sorted(os.listdir(path or os.curdir), key=os.fsencode, reverse=True)
        except OSError as error:
            yield FileError(path, f"the folder cannot be read ({error.strerror}): check its permissions")
            continue
        yield path
        waiting += [os.path.join(path, name) for name in names]


def _is_folder(path: str) -> bool:
    return os.path.isdir(path or os.curdir)


def _is_hidden(path: str, top: str) -> bool:
    """Also the shadows `._song.mp3` that macOS leaves on other disks; never what was named itself."""
    return path != top and os.path.basename(path).startswith(".")


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
