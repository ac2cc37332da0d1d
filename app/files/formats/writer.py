"""What every output format is: a writer of one document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from app.files.answer import FileAnswer, FileError, Hop


@dataclass(frozen=True)
class Run:
    """What a document says about how it came about."""

    model: dict[str, str]  # name, hash
    parameters: dict[str, Any]
    timeline: bool = False  # whether the formats with a choice give a row per hop instead of one per file
    colour: bool = False
    version: str = ""


class Writer:
    """`begin`, then `add` for every file, then `finish`. Raises OSError where the stream does."""

    suffix: ClassVar[str]  # that a file of this format ends in, after the whole name of its input
    holds_many: ClassVar[bool] = True  # whether one document may be about several files

    def __init__(self, stream: IO[str], run: Run) -> None:
        self.stream = stream
        self.run = run

    def begin(self) -> None:
        """What stands before the first file."""

    def add(self, answer: FileAnswer) -> None:
        raise NotImplementedError

    def add_hop(self, path: str, hop: Hop) -> None:
        """A hop of a stream that goes on; formats that only make sense as a whole leave it out."""

    def finish(self, errors: Sequence[FileError]) -> None:
        """What stands after the last file."""
