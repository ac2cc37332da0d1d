"""One run of `nystream classify`, understood."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.files.answer import FileError
from app.files.destination import Destination
from app.files.parameters import Parameters
from audio import RawFormat


@dataclass(frozen=True)
class Request:
    """Everything that was asked for, and found to make sense."""

    items: tuple[str | FileError, ...]  # the inputs in order, and what cannot be used in its place among them
    parameters: Parameters
    format: str  # a key of WRITERS
    destination: Destination
    overwrite: bool
    resume: bool
    timeline: bool
    raw: RawFormat | None
    jobs: int
    scheduler: str | None
    weights: Path
    errors_file: Path | None
    quiet: bool
    verbose: bool
    on_terminal: bool
