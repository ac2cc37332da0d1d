"""What a run has finished, so that the next one with `--resume` need not do it again.

On disk: one hidden file of JSON lines, `.nystream-resume` in the folder of a tree or `.NAME.nystream-resume` beside
the one file. Each line is one finished input: its path, what it was answered with (the hash of the model, the
parameters), the fingerprint of its content, the whole answer, so that the output can be made again in any format, and
a checksum. A run begins with a line that says who it is.

A line is written when its answer is known and its output is in its place. A crash loses at most the line that was
being written, and its file is done again: a line without its end is cut off, and one that is not as it was written is
passed over. An entry counts no more when the model, a parameter, or the input's size, time or content has changed, and
the later of two lines for one input counts. Nothing is looked up without `--resume`; with `--overwrite` and without
`--resume` a new journal is begun.

While a run has its journal open, the file is locked, so that no other run writes to the same place. The system frees
the lock of a process that has ended in whatever way.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import sys
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from app.files.answer import FileAnswer
from app.files.json_formats import file_pieces, read_file
from app.files.output import Destination, Tree, beside, is_stream
from app.text import to_json

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

NAME = ".nystream-resume"
CHECK = b', "crc32": '  # the last key of a line: of all bytes before it
LOCKED_BYTE = 0x7FFF0000  # on Windows nobody else can read what is locked: far behind the last line


@dataclass(frozen=True)
class Fingerprint:
    """Of a file's content, and of when it was changed."""

    size: int  # bytes
    modified: int  # ns
    content: str  # BLAKE2b


def take_fingerprint(path: str) -> Fingerprint:
    """Reads the whole file, at about a gigabyte a second. Raises OSError."""
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        digest = hashlib.blake2b(digest_size=20)
        while block := file.read(1 << 20):
            digest.update(block)
    return Fingerprint(status.st_size, status.st_mtime_ns, digest.hexdigest())


def still_matches(path: str, known: Fingerprint) -> bool:
    """Cheap signs of change first; the content is read only when there are none."""
    try:
        status = os.stat(path)
        if (status.st_size, status.st_mtime_ns) != (known.size, known.modified):
            return False
        return take_fingerprint(path) == known
    except OSError:
        return False


def journal_path(destination: Destination) -> Path | None:
    """None where nothing can be continued: what has been printed, or went into a pipe or a device."""
    if isinstance(destination, Tree):
        return destination.folder / NAME
    if destination is None or is_stream(destination):
        return None
    return beside(Path(os.path.realpath(destination)), NAME)


class Journal:
    """`answered_with`: everything that must be equal for an answer still to hold. `keep`: go on with what is there.

    Raises OSError, and BlockingIOError while another run has it.
    """

    def __init__(self, path: Path, answered_with: dict[str, Any], keep: bool) -> None:
        self._answered_with = answered_with
        self._offsets: dict[str, int] = {}  # of the line of every input; the lines themselves stay on disk
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: a line is on its way to the disk before its answer is counted as kept.
        self._file = path.open("a+b", buffering=0)
        self._lines = path.open("rb")
        try:
            if not lock(self._file):
                raise BlockingIOError(errno.EWOULDBLOCK, f"another run is writing there{self._holder()}", str(path))
            self._end = self._index() if keep else 0
            self._file.truncate(self._end)
            with suppress(OSError):  # a full disk: the answers will say so
                self._write({"run": {"process": os.getpid(), "host": platform.node(), "since": _now()}})
        except BaseException:
            self.close()
            raise

    def find(self, path: str) -> FileAnswer | None:
        """The answer to an input that has not changed since; None for any other."""
        offset = self._offsets.get(os.path.abspath(path))
        if offset is None:
            return None
        self._lines.seek(offset)
        line = _parse(self._lines.readline())
        try:
            known = Fingerprint(**line["fingerprint"])
            if line["answered_with"] != self._answered_with or not still_matches(path, known):
                return None
            return read_file(line["answer"] | {"path": path})
        except (KeyError, TypeError, ValueError):  # of another version of the program
            return None

    def enter(self, answer: FileAnswer, fingerprint: Fingerprint) -> None:
        """Remember a finished input. Raises OSError, and is then as it was."""
        path = os.path.abspath(answer.path)
        head = {"path": path, "answered_with": self._answered_with, "fingerprint": asdict(fingerprint)}
        self._offsets[path] = self._write(head, ', "answer": ' + "".join(file_pieces(answer)))

    def close(self) -> None:
        """Another run may have it."""
        self._file.close()
        self._lines.close()

    def _write(self, head: dict[str, Any], rest: str = "") -> int:
        """A line, whole or not at all; returns where it begins. Raises OSError."""
        body = (to_json(head)[:-1] + rest).encode()
        line = body + CHECK + b"%d}\n" % zlib.crc32(body)
        begin = self._end
        try:
            if self._file.write(line) < len(line):  # the disk is full: half a line is none
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._file.truncate(begin)
            raise
        self._end += len(line)
        return begin

    def _index(self) -> int:
        """Find every good line; returns where the whole ones end."""
        end = 0
        for line in self._lines:
            if not line.endswith(b"\n"):
                break
            path = _parse(line).get("path")
            if path is not None:
                self._offsets[path] = end
            end += len(line)
        return end

    def _holder(self) -> str:
        """Who wrote the last of such lines."""
        runs = [run for line in self._lines if (run := _parse(line).get("run"))]
        return ", process {process} on {host}, since {since}".format(**runs[-1]) if runs else ""


def lock(file: IO[bytes]) -> bool:
    """Whether it is ours from now on: until it is closed, or this process ends in any way."""
    try:
        if sys.platform == "win32":
            file.seek(LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: it must do without
        pass
    return True


def _parse(line: bytes) -> dict[str, Any]:
    """What a line says; nothing where it is not as it was written."""
    body, _, check = line.rpartition(CHECK)
    if check != b"%d}\n" % zlib.crc32(body):
        return {}
    said: dict[str, Any] = json.loads(body + b"}")
    return said


def _now() -> str:
    return datetime.now().astimezone().isoformat(" ", "seconds")
