"""Where answers go: standard output, one file, or a tree of files that mirrors the inputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from app.files.inputs import STANDARD_INPUT


@dataclass(frozen=True)
class StandardOutput:
    """All answers in one document on standard output."""


@dataclass(frozen=True)
class OneFile:
    """All answers in one document."""

    path: Path


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


Destination = StandardOutput | OneFile | Tree


def is_folder(output: str) -> bool:
    """Whether `-o` means a folder: there is one, or it ends in a slash, or it is new and has no suffix."""
    if os.path.isdir(output) or output.endswith(("/", os.sep)):
        return True
    return not os.path.lexists(output) and not os.path.splitext(output)[1]
