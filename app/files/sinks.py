"""Where answers are put as they come in: one document, or a file for each."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

from app.files.answer import FileAnswer, FileError, Hop
from app.files.console import Console
from app.files.destination import Destination, OneFile, Tree
from app.files.formats import Run, Writer
from app.files.whole_file import WholeFile


class Sink(Protocol):
    """`add` and `finish` raise OSError; a sink is closed by leaving its stack."""

    def has(self, path: str) -> bool:
        """Whether the output of this input is there already."""

    def add(self, answer: FileAnswer, replace: bool) -> None:
        """`replace`: whatever is there already is known to be ours."""

    def add_hop(self, path: str, hop: Hop) -> None: ...

    def finish(self, errors: Sequence[FileError]) -> None:
        """Nothing more comes: make what is there visible."""


class DocumentSink:
    """All answers in one document, on standard output or in one whole file."""

    def __init__(self, kind: type[Writer], run: Run, whole: WholeFile | None, console: Console) -> None:
        self._whole = whole
        self._console = console
        self._writer = kind(sys.stdout if whole is None else whole.stream, run)
        self._writer.begin()

    def has(self, path: str) -> bool:
        return False

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


class TreeSink:
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

    def add_hop(self, path: str, hop: Hop) -> None:
        """A file is written when it is whole."""

    def finish(self, errors: Sequence[FileError]) -> None:
        """Every file has been finished by itself."""


def open_sink(
    stack: ExitStack, destination: Destination, kind: type[Writer], run: Run, overwrite: bool, console: Console
) -> Sink:
    """Raises OSError."""
    if isinstance(destination, Tree):
        destination.folder.mkdir(parents=True, exist_ok=True)
        return TreeSink(kind, run, destination, overwrite)
    whole = None
    if isinstance(destination, OneFile):
        whole = stack.enter_context(WholeFile(destination.path, overwrite))
    return DocumentSink(kind, run, whole, console)
