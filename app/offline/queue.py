"""The inputs of a run, worked off in order: what is done is skipped, what is piped in is heard here."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

from app.classify import classify_source
from app.offline.answer import FileAnswer, FileError, Hop
from app.offline.batch import in_processes, one_after_another
from app.offline.cluster import in_cluster
from app.offline.console import Console
from app.offline.destination import Tree
from app.offline.inputs import STANDARD_INPUT
from app.offline.interrupts import interrupted_afterwards
from app.offline.journal import Journal
from app.offline.request import Request
from app.offline.sinks import Sink
from app.offline.standard_input import is_device, is_pipe, leftover_note, open_standard_input
from app.offline.work import Outcome, Progress, Task, load_once
from audio import UnreadableFile
from audio.stream_decode import StreamSource


@dataclass(frozen=True)
class Slot:
    """One input in the order in which it was named."""

    path: str
    kind: str  # "work", "known", "pipe" or "error"
    error: str = ""


class Queue:
    """`errors` grows as they happen: an interrupted run has them too."""

    def __init__(
        self,
        request: Request,
        weights_hash: str,
        sink: Sink,
        journal: Journal | None,
        errors: list[FileError],
        console: Console,
    ) -> None:
        self._request = request
        self._weights_hash = weights_hash
        self._sink = sink
        self._journal = journal
        self._errors = errors
        self._console = console
        self._slots: deque[Slot] = deque()
        self._sizes = [_size_of(item) for item in request.items]
        self._bytes = sum(self._sizes)
        self._bytes_done = 0
        self._done = 0

    def work_off(self) -> None:
        """Everything. Raises KeyboardInterrupt, NoCluster, and OSError where answers cannot be written."""
        self._began = time.monotonic()
        outcomes = self._outcomes()
        with closing(outcomes):  # an interruption must reach the processes now, not when somebody collects garbage
            for outcome in outcomes:
                self._settle_until_work()
                self._settle(self._slots.popleft().path, outcome)
        self._settle_until_work()

    def _outcomes(self) -> Generator[Outcome, None, None]:
        tasks = self._tasks()
        if self._request.scheduler is not None:
            return in_cluster(tasks, self._request.scheduler)
        if self._request.jobs > 1:
            return in_processes(tasks, self._request.jobs)
        return one_after_another(tasks, self._progress_of)

    def _tasks(self) -> Iterator[Task]:
        """What needs to be worked on; everything on the way there gets its slot too."""
        wants_fingerprint = self._journal is not None
        for item in self._request.items:
            slot = self._slot_of(item)
            self._slots.append(slot)
            if slot.kind == "work":
                weights = str(self._request.weights)
                yield Task(slot.path, weights, self._weights_hash, self._request.parameters, wants_fingerprint)

    def _slot_of(self, item: str | FileError) -> Slot:
        if isinstance(item, FileError):
            return Slot(item.path, "error", item.error)
        if self._request.resume and self._journal is not None and self._journal.holds(item):
            return Slot(item, "known")
        if self._sink.has(item) and not (self._request.overwrite or self._is_ours(item)):
            return Slot(item, "error", "its output exists already: add --overwrite, or choose another folder")
        if item == STANDARD_INPUT or is_pipe(item):
            return Slot(item, "pipe")
        if is_device(item):
            return Slot(item, "error", "this is a device, not a file: name a sound file")
        return Slot(item, "work")

    def _is_ours(self, path: str) -> bool:
        return self._request.resume and self._journal is not None and self._journal.wrote(path)

    def _settle_until_work(self) -> None:
        while self._slots and self._slots[0].kind != "work":
            slot = self._slots.popleft()
            if slot.kind == "error":
                self._settle(slot.path, Outcome(FileError(slot.path, slot.error)))
            elif slot.kind == "pipe":
                self._settle(slot.path, self._hear_pipe(slot.path))
            else:
                self._settle_known(slot.path)

    def _settle_known(self, path: str) -> None:
        assert self._journal is not None
        self._console.detail(f"{path}: done before and unchanged")
        if not self._sink.has(path):
            with interrupted_afterwards():
                self._sink.add(self._journal.read(path), replace=True)
        self._count()

    def _settle(self, path: str, outcome: Outcome) -> None:
        result = outcome.result
        if isinstance(result, FileAnswer):
            if result.invalid_samples:
                self._console.note(
                    f"{path}: {result.invalid_samples} samples were NaN or infinite and were heard as silence"
                )
            self._console.detail(f"{result.path}: {result.duration:.1f} s heard")
            result = self._keep(result, outcome)
        if isinstance(result, FileError):
            self._console.error(f"{_shown(path)}: {result.error}")
            self._errors.append(result)
        if outcome.fault:
            self._console.trace(outcome.fault)
        self._count()

    def _keep(self, answer: FileAnswer, outcome: Outcome) -> FileAnswer | FileError:
        try:
            with interrupted_afterwards():
                self._sink.add(answer, replace=self._is_ours(answer.path))
                self._remember(answer, outcome)
        except OSError as error:
            if not isinstance(self._request.destination, Tree):
                raise
            return FileError(answer.path, f"the answer cannot be written ({error.strerror}): make room, and try again")
        return answer

    def _remember(self, answer: FileAnswer, outcome: Outcome) -> None:
        if self._journal is None or outcome.fingerprint is None:
            return
        try:
            self._journal.enter(answer, outcome.fingerprint)
        except OSError as error:
            self._console.note(f"{answer.path}: --resume will not know that it is done ({error.strerror})")

    def _hear_pipe(self, path: str) -> Outcome:
        request = self._request
        model = load_once(str(request.weights), self._weights_hash)
        live = request.format == "jsonl"

        def print_hop(hop: Hop) -> None:
            self._sink.add_hop(path, hop)

        def tell(seconds: float) -> None:
            self._console.progress(0.0, f"{seconds:.0f} s heard")

        try:
            if path == STANDARD_INPUT:
                source = open_standard_input(request.raw)
                answer = classify_source(
                    model, source, path, request.parameters, live, print_hop if live else None, tell
                )
                if note := leftover_note(source):
                    self._console.note(note)
            else:
                with open(path, "rb", buffering=0) as pipe, StreamSource(pipe.fileno(), path) as source:
                    answer = classify_source(
                        model, source, path, request.parameters, live, print_hop if live else None, tell
                    )
        except UnreadableFile as error:
            return Outcome(FileError(path, str(error)))
        return Outcome(answer)

    def _progress_of(self, task: Task) -> Progress:
        def tell(seconds: float, duration: float | None) -> None:
            share = min(1.0, seconds / duration) if duration else 0.0
            size = self._sizes[self._done] if self._done < len(self._sizes) else 0
            self._show(self._bytes_done + share * size, task.path)

        return tell

    def _count(self) -> None:
        self._bytes_done += self._sizes[self._done]
        self._done += 1
        total = len(self._request.items)
        if self._done < total:
            self._show(self._bytes_done, f"{self._done} of {total} files")

    def _show(self, done: float, what: str) -> None:
        self._console.progress(done / self._bytes if self._bytes else 0.0, what)


def _shown(path: str) -> str:
    return "standard input" if path == STANDARD_INPUT else path


def _size_of(item: str | FileError) -> int:
    """Bytes, at least one so that everything counts."""
    try:
        return 1 if isinstance(item, FileError) else max(1, os.path.getsize(item))
    except OSError:
        return 1
