"""Files that are being classified, told to the window as Qt signals; nothing here waits."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence, Set
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.files.answer import FileAnswer, FileError
from app.files.inputs import expand, size_of
from app.files.parameters import Parameters
from app.stream.models import identify

if TYPE_CHECKING:
    from app.files.classify import Outcome
    from app.files.pool import Pool

MOST_PROCESSES = 4
MEASURED_SECONDS = 1.5  # from the first progress, before a time left is said


class Batch(QObject):
    """One folder or handful of files: searched in another thread, classified in other processes.

    known: numbers of the files that the table has, by their absolute paths. What is among them is classified only where
    `answered` does not hold its number; what is new is numbered as it is found. Work is measured in bytes: a long file
    counts more than a short one.
    """

    found = Signal(list, list)  # paths that are new; numbers of those that are classified again
    progressed = Signal(int, float)  # number, share
    answered = Signal(int, object)  # number, FileAnswer or FileError
    ended = Signal()

    def __init__(
        self, given: Sequence[str], weights: Path, known: Mapping[str, int], answered: Set[int], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._given, self._weights = tuple(given), weights
        self._known, self._answered = dict(known), answered
        self.numbers: list[int] = []  # of the files of this batch
        self._pool: Pool | None = None
        self._cancelled = False
        self._sizes: list[int] = []
        self._done: dict[int, float] = {}  # share of each file
        self._measured_from: tuple[float, float] | None = None  # s of the clock, and the share that was done by then

    def start(self) -> None:
        """Signals come from now on."""
        threading.Thread(target=self._run, name="file search", daemon=True).start()

    @property
    def share(self) -> float:
        """How much of the work is done, 0..1."""
        total = sum(self._sizes)
        return sum(self._sizes[number] * share for number, share in dict(self._done).items()) / total if total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """As it looks; None until it has been measured for a moment, from when the processes were ready."""
        if self._measured_from is None:
            return None
        began, before = self._measured_from
        share, spent = self.share, time.monotonic() - began
        return spent * (1 - share) / (share - before) if share > before and spent > MEASURED_SECONDS else None

    def cancel(self) -> None:
        """Stop at once; what is not answered stays so."""
        self._cancelled = True
        if self._pool is not None:
            self._pool.end()

    def _run(self) -> None:
        try:
            self._classify()
        finally:
            self.ended.emit()

    def _classify(self) -> None:
        from app.files.classify import Task
        from app.files.pool import Pool  # only now: the window does not wait for it

        items = self._number(
            expand([f"./{path}" if path.startswith("@") else path for path in self._given], recursive=True)
        )
        self._sizes = [size_of(_path(item)) for item in items]
        for number, item in enumerate(items):
            if isinstance(item, FileError):
                self._answer(number, item)
        try:
            weights_hash = identify(self._weights)["hash"]
        except OSError as error:
            for number, item in enumerate(items):
                if isinstance(item, str):
                    self._answer(number, FileError(item, f"the model cannot be read ({error.strerror})"))
            return
        count = min(MOST_PROCESSES, max(1, (os.cpu_count() or 2) // 2), max(1, len(items)))
        with Pool(count, polite=True) as self._pool:
            if self._cancelled:  # meanwhile
                self._pool.end()
            for number, item in enumerate(items):
                if isinstance(item, str):
                    task = Task(item, str(self._weights), weights_hash, Parameters(), fingerprint=False)
                    future = self._pool.submit(task, partial(self._progress, number))
                    future.add_done_callback(partial(self._done_with, number))

    def _number(self, found: Iterable[str | FileError]) -> list[str | FileError]:
        """Those that are to be classified, each once."""
        items, new, again = [], [], []
        for item in found:
            name = os.path.abspath(_path(item))
            number = self._known.get(name)
            if number is None:
                self._known[name] = number = len(self._known)
                new.append(_path(item))
            elif number in self._answered or number in self.numbers:
                continue
            else:
                again.append(number)
            self.numbers.append(number)
            items.append(item)
        self.found.emit(new, again)
        return items

    def _done_with(self, number: int, future: Future[Outcome]) -> None:
        if not future.cancelled():
            self._answer(number, future.result().result)

    def _progress(self, number: int, share: float) -> None:
        if not self._cancelled:
            self._done[number] = share
            if self._measured_from is None:
                self._measured_from = time.monotonic(), self.share
            self.progressed.emit(self.numbers[number], share)

    def _answer(self, number: int, result: FileAnswer | FileError) -> None:
        if not self._cancelled:
            self._done[number] = 1.0
            self.answered.emit(self.numbers[number], result)


def _path(item: str | FileError) -> str:
    return item if isinstance(item, str) else item.path
