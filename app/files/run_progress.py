"""How far a run is, by the bytes of its inputs: that is known before any of them is opened."""

from __future__ import annotations

import os
from collections.abc import Sequence

from app.files.answer import FileError
from app.files.console import Console
from app.files.work import Progress, Task


class RunProgress:
    """Counts inputs as they are done, and tells the console."""

    def __init__(self, items: Sequence[str | FileError], console: Console) -> None:
        self._console = console
        self._sizes = [_size_of(item) for item in items]
        self._bytes = sum(self._sizes)
        self._bytes_done = self._done = 0

    def within(self, task: Task) -> Progress:
        """What tells how far the present input is."""

        def tell(seconds: float, duration: float | None) -> None:
            share = min(1.0, seconds / duration) if duration else 0.0
            size = self._sizes[self._done] if self._done < len(self._sizes) else 0
            self._show(self._bytes_done + share * size, task.path)

        return tell

    def count(self) -> None:
        """One more is done."""
        self._bytes_done += self._sizes[self._done]
        self._done += 1
        if self._done < len(self._sizes):
            self._show(self._bytes_done, f"{self._done} of {len(self._sizes)} files")

    def _show(self, done: float, what: str) -> None:
        self._console.progress(done / self._bytes, what)


def _size_of(item: str | FileError) -> int:
    """Bytes, at least one so that everything counts."""
    try:
        return 1 if isinstance(item, FileError) else max(1, os.path.getsize(item))
    except OSError:
        return 1
