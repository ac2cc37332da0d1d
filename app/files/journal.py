"""What a run has finished, so that the next one with `--resume` need not do it again.

On disk: one hidden file of JSON lines, `.nystream-resume` in the folder of a tree or `.NAME.nystream-resume` beside
the one file. Each line is one finished input: its path, what it was answered with (the hash of the model, the
parameters), the fingerprint of its content, and the whole answer, so that the output can be made again in any format.

A line is written and flushed when its answer is known. A crash loses at most the line that was being written: a line
without its end is ignored and cut off. An entry counts no more when the model, a parameter, or the input's size, time
or content has changed, and the later of two lines for one input counts. Nothing is looked up without `--resume`; with
`--overwrite` and without `--resume` a new journal is begun.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.files.answer import FileAnswer
from app.files.json_formats import file_pieces, read_file
from app.files.output import Destination, Tree
from app.text import to_json

NAME = ".nystream-resume"


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
    """None for standard output: what has been printed cannot be continued."""
    if isinstance(destination, Tree):
        return destination.folder / NAME
    return None if destination is None else destination.with_name(f".{destination.name}{NAME}")


class Journal:
    """`answered_with`: everything that must be equal for an answer still to hold. `keep`: go on with what is there.

    Raises OSError.
    """

    def __init__(self, path: Path, answered_with: dict[str, Any], keep: bool) -> None:
        self._answered_with = answered_with
        self._offsets: dict[str, int] = {}  # of the line of every input; the lines themselves stay on disk
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: a line is on its way to the disk before its answer is counted as kept.
        self._file = path.open("r+b" if keep and path.exists() else "w+b", buffering=0)
        self._lines = path.open("rb")
        self._end = self._index()
        self._file.truncate(self._end)

    def holds(self, path: str) -> bool:
        """Whether this input has an answer and has not changed since."""
        line = self._line(path)
        try:
            if line is None or line["answered_with"] != self._answered_with:
                return False
            return still_matches(path, Fingerprint(**line["fingerprint"]))
        except (KeyError, TypeError):  # not a line of ours: it is as if there were none
            return False

    def read(self, path: str) -> FileAnswer:
        """The answer to an input that it holds."""
        line = self._line(path)
        assert line is not None, "asked only for what it holds"
        return read_file(line["answer"] | {"path": path})

    def _line(self, path: str) -> dict[str, Any] | None:
        offset = self._offsets.get(os.path.abspath(path))
        if offset is None:
            return None
        self._lines.seek(offset)
        line: dict[str, Any] = json.loads(self._lines.readline())
        return line

    def wrote(self, path: str) -> bool:
        """Whether an earlier run answered this input, changed or not: its output is then ours to replace."""
        return os.path.abspath(path) in self._offsets

    def enter(self, answer: FileAnswer, fingerprint: Fingerprint) -> None:
        """Remember a finished input. Raises OSError, and is then as it was."""
        head = {
            "path": os.path.abspath(answer.path),
            "answered_with": self._answered_with,
            "fingerprint": asdict(fingerprint),
        }
        line = (to_json(head)[:-1] + ', "answer": ' + "".join(file_pieces(answer)) + "}\n").encode()
        self._file.seek(self._end)
        if self._file.write(line) < len(line):  # the disk is full: half a line is none
            self._file.truncate(self._end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._offsets[str(head["path"])] = self._end
        self._end += len(line)

    def close(self) -> None:
        self._file.close()
        self._lines.close()

    def _index(self) -> int:
        """Find every whole line; returns where they end."""
        end = 0
        for line in self._lines:
            if not line.endswith(b"\n"):
                break
            with suppress(ValueError, KeyError, TypeError):
                self._offsets[json.loads(line)["path"]] = end
            end += len(line)
        return end
