"""Where answers go: standard output, one file, or a tree of files that mirrors the inputs."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.files.answer import FileAnswer, FileError, Hop
from app.files.formats import AudacityWriter, CsvWriter, CueWriter, RavenWriter, Run, TableWriter, Writer
from app.files.inputs import STANDARD_INPUT
from app.files.json_formats import JamsWriter, JsonLinesWriter, JsonWriter

LONGEST_NAME = 100  # bytes, of a name to which something is added: file systems end names at 255, some at 143
DESCRIPTORS = ("/dev/fd/", "/dev/std", "/proc/")  # what is there may be a file, and is open already

WRITERS: dict[str, type[Writer]] = {
    "table": TableWriter,
    "csv": CsvWriter,
    "json": JsonWriter,
    "jsonl": JsonLinesWriter,
    "audacity": AudacityWriter,
    "cue": CueWriter,
    "raven": RavenWriter,
    "jams": JamsWriter,
}


@dataclass(frozen=True)
class Tree:
    """A document per input, under the input's own path within `root`, its whole name kept.

    `song.mp3` and `song.wav`, or two of one name in different folders, never meet.
    """

    folder: Path
    root: Path
    suffix: str

    def place(self, path: str) -> Path:
        """The file for one input."""
        if path == STANDARD_INPUT:
            return self.folder / f"standard-input{self.suffix}"
        absolute = Path(os.path.abspath(path))
        try:
            relative = absolute.relative_to(self.root)
        except ValueError:
            relative = Path(*absolute.parts[1:])
        return self.folder / relative.with_name(relative.name + self.suffix)


Destination = Path | Tree | None  # one document for all answers, on standard output for None; or a tree


def is_stream(path: Path) -> bool:
    """Whether it is a device, a pipe, or a descriptor of this process: written into, never replaced."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or os.path.abspath(path).startswith(DESCRIPTORS)


def beside(path: Path, ending: str) -> Path:
    """The hidden file `.NAME` with this ending in the same folder; a digest stands for a long name."""
    name = os.fsencode(path.name)
    short = path.name if len(name) <= LONGEST_NAME else hashlib.blake2b(name, digest_size=16).hexdigest()
    return path.with_name(f".{short}{ending}")


class WholeFile:
    """A file that is written whole or not at all: beside its place under another name until `commit` is called.

    What is at its place is replaced, and keeps its rights and, where this user may say so, its owner; a link stays, and
    what it points to is replaced. Leaving the `with` without a commit, whatever the reason, leaves nothing. A program
    that is killed can leave the partial file, whose name begins with a dot and ends in `.partial`; the next run over
    the same place replaces it. A device or a pipe is written into, as by any program. Raises OSError.
    """

    def __init__(self, path: Path, overwrite: bool = True, binary: bool = False) -> None:
        self._overwrite, self._binary = overwrite, binary
        self._into = is_stream(path)
        self._path = path if self._into else Path(os.path.realpath(path))
        self._partial = path if self._into else beside(self._path, ".partial")

    def __enter__(self) -> WholeFile:
        if not self._into:
            if self._path.is_symlink():  # it leads to itself
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self._path))
            if not self._overwrite and os.path.lexists(self._path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._path))
            self._path.parent.mkdir(parents=True, exist_ok=True)
        self.stream: IO[Any]
        if self._binary:
            self.stream = self._partial.open("w+b")  # tags are written into a copy
        else:  # Names and labels need not be UTF-8; one odd name must not cost a whole table.
            self.stream = self._partial.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        if not self._into:
            self._keep_rights()  # before anything is in it
        return self

    def commit(self) -> None:
        """Everything is said: make it safe, then visible."""
        self.stream.flush()
        if not self._into:
            os.fsync(self.stream.fileno())
        self.stream.close()
        if not self._into:
            self._partial.replace(self._path)

    def __exit__(self, *raised: object) -> None:
        with suppress(OSError):  # a full disk: what was still in the buffer goes with the file
            self.stream.close()
        if not self._into:
            self._partial.unlink(missing_ok=True)

    def _keep_rights(self) -> None:
        with suppress(OSError):  # nothing is replaced, or its rights are not ours to give
            replaced = os.stat(self._path)
            if sys.platform != "win32":
                with suppress(OSError):
                    os.chown(self._partial, replaced.st_uid, replaced.st_gid)
            self._partial.chmod(stat.S_IMODE(replaced.st_mode))


class Output:
    """What answers are put into as they come in: one document, or in a tree a file for each, there as soon as it is.

    `format`: a key of WRITERS. Whatever is left open is closed with the stack. Raises OSError.
    """

    def __init__(self, destination: Destination, format: str, run: Run, overwrite: bool, stack: ExitStack) -> None:
        self._kind, self._run, self._overwrite = WRITERS[format], run, overwrite
        self._place: Callable[[str], Path] | None = None
        self._whole: WholeFile | None = None
        if isinstance(destination, Tree):
            destination.folder.mkdir(parents=True, exist_ok=True)
            self._place = destination.place
            return
        if destination is not None:
            self._whole = stack.enter_context(WholeFile(destination, overwrite))
        self._writer = self._kind(sys.stdout if self._whole is None else self._whole.stream, run)

    def has(self, path: str) -> bool:
        """Whether the output of this input is there already."""
        return self._place is not None and os.path.exists(self._place(path))

    def add(self, answer: FileAnswer) -> None:
        if self._place is None:
            self._writer.add(answer)
            return
        with WholeFile(self._place(answer.path), self._overwrite) as whole:
            writer = self._kind(whole.stream, self._run)
            writer.add(answer)
            writer.finish([])
            whole.commit()

    def add_hop(self, path: str, hop: Hop) -> None:
        """A hop of a stream that goes on."""
        if self._place is None:
            self._writer.add_hop(path, hop)

    def finish(self, errors: Sequence[FileError]) -> None:
        """Nothing more comes: make what is there visible."""
        if self._place is None:
            self._writer.finish(errors)
        if self._whole is not None:
            self._whole.commit()
