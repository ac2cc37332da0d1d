"""Where answers go: standard output, one file, or a tree of files that mirrors the inputs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from app.files.answer import FileAnswer, FileError, Hop
from app.files.console import Console
from app.files.formats import AudacityWriter, CsvWriter, RavenWriter, Run, TableWriter, Writer
from app.files.inputs import STANDARD_INPUT
from app.files.json_formats import JamsWriter, JsonLinesWriter, JsonWriter

WRITERS: dict[str, type[Writer]] = {
    "table": TableWriter,
    "csv": CsvWriter,
    "json": JsonWriter,
    "jsonl": JsonLinesWriter,
    "audacity": AudacityWriter,
    "raven": RavenWriter,
    "jams": JamsWriter,
}


@dataclass(frozen=True)
class Document:
    """All answers in one document: a file, or None for standard output."""

    path: Path | None = None


STANDARD_OUTPUT = Document()


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


Destination = Document | Tree


def is_folder(output: str) -> bool:
    """Whether `-o` means a folder: there is one, or it ends in a slash, or it is new and has no suffix."""
    if os.path.isdir(output) or output.endswith(("/", os.sep)):
        return True
    return not os.path.lexists(output) and not os.path.splitext(output)[1]


class WholeFile:
    """A file that is written whole or not at all: beside its place under another name until `commit` is called.

    Leaving the `with` without a commit, whatever the reason, leaves nothing. A program that is killed can leave the
    partial file, whose name begins with a dot and ends in `.partial`; the next run over the same place replaces it.
    Raises OSError.
    """

    def __init__(self, path: Path, overwrite: bool = True, binary: bool = False) -> None:
        self._path = path
        self._overwrite = overwrite
        self._binary = binary
        self._partial = path.with_name(f".{path.name}.partial")

    def __enter__(self) -> WholeFile:
        if not self._overwrite and os.path.lexists(self._path):
            raise FileExistsError(17, "it exists already: add --overwrite, or choose another place", str(self._path))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.stream: IO[Any]
        if self._binary:
            self.stream = self._partial.open("wb")
        else:  # Names and labels need not be UTF-8; one odd name must not cost a whole table.
            self.stream = self._partial.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        return self

    def commit(self) -> None:
        """Everything is said: make it safe, then visible."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        self._partial.replace(self._path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stream.close()
        except OSError:  # a full disk: what was still in the buffer goes with the file
            pass
        finally:
            self._partial.unlink(missing_ok=True)


class Sink:
    """What answers are put into as they come in. `add` and `finish` raise OSError."""

    def has(self, path: str) -> bool:
        """Whether the output of this input is there already."""
        return False

    def add(self, answer: FileAnswer, replace: bool) -> None:
        """`replace`: whatever is there already is known to be ours."""
        raise NotImplementedError

    def add_hop(self, path: str, hop: Hop) -> None:
        """A hop of a stream that goes on."""

    def finish(self, errors: Sequence[FileError]) -> None:
        """Nothing more comes: make what is there visible."""


class DocumentSink(Sink):
    """All answers in one document, on standard output or in one whole file."""

    def __init__(self, kind: type[Writer], run: Run, whole: WholeFile | None, console: Console) -> None:
        self._whole = whole
        self._console = console
        self._writer = kind(sys.stdout if whole is None else whole.stream, run)
        self._writer.begin()

    def add(self, answer: FileAnswer, replace: bool) -> None:
        self._console.clear()
        self._writer.add(answer)

    def add_hop(self, path: str, hop: Hop) -> None:
        self._writer.add_hop(path, hop)

    def finish(self, errors: Sequence[FileError]) -> None:
        self._console.clear()
        self._writer.finish(errors)
        if self._whole is not None:
            self._whole.commit()


class TreeSink(Sink):
    """A file per answer; each is there as soon as its answer is."""

    def __init__(self, kind: type[Writer], run: Run, tree: Tree, overwrite: bool) -> None:
        self._kind = kind
        self._run = run
        self._tree = tree
        self._overwrite = overwrite

    def has(self, path: str) -> bool:
        return os.path.lexists(self._tree.place(path))

    def add(self, answer: FileAnswer, replace: bool) -> None:
        with WholeFile(self._tree.place(answer.path), self._overwrite or replace) as whole:
            writer = self._kind(whole.stream, self._run)
            writer.begin()
            writer.add(answer)
            writer.finish([])
            whole.commit()


def open_sink(
    stack: ExitStack, destination: Destination, format: str, run: Run, overwrite: bool, console: Console
) -> Sink:
    """`format`: a key of WRITERS. Whatever is left open is closed with the stack. Raises OSError."""
    kind = WRITERS[format]
    if isinstance(destination, Tree):
        destination.folder.mkdir(parents=True, exist_ok=True)
        return TreeSink(kind, run, destination, overwrite)
    whole = None
    if destination.path is not None:
        whole = stack.enter_context(WholeFile(destination.path, overwrite))
    return DocumentSink(kind, run, whole, console)
