"""The inputs of a run, worked off in order: what is done is skipped, what is piped in is heard here."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

from app.files.answer import FileAnswer, FileError, Hop
from app.files.batch import in_processes, one_after_another
from app.files.classify import classify_source
from app.files.cluster import in_cluster
from app.files.console import Console
from app.files.destination import Tree
from app.files.inputs import STANDARD_INPUT
from app.files.interrupts import interrupted_afterwards
from app.files.journal import Journal
from app.files.pipes import is_device, is_pipe, leftover_note, open_pipe
from app.files.request import Request
from app.files.run_progress import RunProgress
from app.files.sinks import Sink
from app.files.work import Outcome, Task, load_once
from audio import UnreadableFile


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
        self._progress = RunProgress(request.items, console)

    def work_off(self) -> None:
        """Everything. Raises KeyboardInterrupt, NoCluster, and OSError where answers cannot be written."""
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
        return one_after_another(tasks, self._progress.within)

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
        self._progress.count()

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
        self._progress.count()

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
            with open_pipe(path, request.raw, request.parameters.channel_index) as source:
                on_hop = print_hop if live else None
                answer = classify_source(model, source, path, request.parameters, live, on_hop, tell)
                if note := leftover_note(source):
                    self._console.note(note)
        except UnreadableFile as error:
            return Outcome(FileError(path, str(error)))
        return Outcome(answer)


def _shown(path: str) -> str:
    return "standard input" if path == STANDARD_INPUT else path
