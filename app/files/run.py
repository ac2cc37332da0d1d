"""One run of `nystream classify`: the inputs in order, through the pool, into the output and the journal."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from app import __version__
from app.files.answer import FileAnswer, FileError, Hop
from app.files.classify import Outcome, Progress, Task, classify_source, load_once, perform
from app.files.console import Console, wants_colour
from app.files.formats import Run
from app.files.inputs import STANDARD_INPUT, is_device, is_pipe, leftover_note, open_pipe, size_of
from app.files.journal import Journal, journal_path
from app.files.json_formats import SCHEMA
from app.files.output import STANDARD_OUTPUT, Destination, Sink, Tree, WholeFile, open_sink
from app.files.parameters import Parameters
from app.files.pool import in_cluster, in_processes
from app.stream.models import identify
from audio import RawFormat, UnreadableFile
from model import WeightsError

TERMINATED = 128 + signal.SIGTERM


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
    on_terminal: bool


class NoPlace(Exception):  # noqa: N818
    """The answers cannot be written where they should be: one sentence for the user."""


def run_request(request: Request, console: Console) -> bool:
    """Do it; returns whether nothing failed. What is finished is kept when it is interrupted.

    Raises NoPlace, NoCluster, WeightsError, BrokenPipeError and KeyboardInterrupt.
    """
    try:
        identity = identify(request.weights) if request.weights.is_file() else {"name": "", "hash": ""}
        load_once(str(request.weights), identity["hash"])
    except OSError as error:
        raise WeightsError(str(error)) from None
    described = request.parameters.describe()
    run = Run(identity, described, request.timeline, request.on_terminal and wants_colour(sys.stdout), __version__)
    with ExitStack() as stack, tidy_on_termination():
        try:
            # What there is of one document is ours to replace when it is continued.
            sink = open_sink(
                stack, request.destination, request.format, run, request.overwrite or request.resume, console
            )
            journal = _open_journal(request, {"schema": SCHEMA, "model": identity["hash"], "parameters": described})
        except OSError as error:
            if request.destination == STANDARD_OUTPUT:
                return _nothing_written(error, console)
            raise NoPlace(f"nothing can be written there ({error.strerror}): choose another place") from None
        if journal is not None:
            stack.callback(journal.close)
        return _work_off(Queue(request, identity["hash"], sink, journal, console), console)


def _open_journal(request: Request, answered_with: dict[str, object]) -> Journal | None:
    path = journal_path(request.destination)
    return None if path is None else Journal(path, answered_with, keep=request.resume or not request.overwrite)


def _work_off(queue: Queue, console: Console) -> bool:
    interrupted = False
    try:
        try:
            queue.work_off()
        except KeyboardInterrupt:
            console.error("interrupted: what is finished is kept")
            interrupted = True
        with interrupted_afterwards():
            queue.finish()
    except OSError as error:
        return _nothing_written(error, console)
    console.clear()
    if interrupted:
        raise KeyboardInterrupt
    if queue.errors:
        console.detail(f"{len(queue.errors)} of {queue.inputs} failed")
    return not queue.errors


def _nothing_written(error: OSError, console: Console) -> bool:
    if isinstance(error, BrokenPipeError):
        raise error
    console.error(f"the answers cannot be written ({error.strerror}): make room, or choose another place")
    sys.stdout = None  # or the interpreter tries once more and complains
    return False


@contextmanager
def interrupted_afterwards() -> Iterator[None]:
    """What is written within is written to its end; Ctrl-C meanwhile takes effect after it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


class Queue:
    """The inputs of a run, settled in order: what is done is skipped, what is piped in is classified here.

    `errors` grows as they happen: an interrupted run has them too.
    """

    def __init__(
        self, request: Request, weights_hash: str, sink: Sink, journal: Journal | None, console: Console
    ) -> None:
        self._request = request
        self._weights_hash = weights_hash
        self._sink = sink
        self._journal = journal
        self._console = console
        self._progress = RunProgress(request.items, console)
        # Every input that is not settled yet, and what settles it; None for those that the pool works on.
        self._waiting: deque[tuple[str, Callable[[], None] | None]] = deque()
        self.inputs = len(request.items)
        self.errors: list[FileError] = []

    def work_off(self) -> None:
        """Everything. Raises KeyboardInterrupt, NoCluster, and OSError where answers cannot be written."""
        outcomes = self._outcomes()
        with closing(outcomes):  # an interruption ends the processes now, not at the next garbage collection
            for outcome in outcomes:
                self._settle_until_work()
                path, _ = self._waiting.popleft()
                self._settle(path, outcome)
        self._settle_until_work()

    def finish(self) -> None:
        """Make the output visible, and write what failed. Raises OSError."""
        self._sink.finish(self.errors)
        request = self._request
        if request.errors_file is not None:
            with WholeFile(request.errors_file, request.overwrite or request.resume) as whole:
                json.dump(
                    {"schema": SCHEMA, "errors": [asdict(error) for error in self.errors]}, whole.stream, indent=1
                )
                whole.stream.write("\n")
                whole.commit()

    def _outcomes(self) -> Generator[Outcome, None, None]:
        tasks = self._tasks()
        if self._request.scheduler is not None:
            return in_cluster(tasks, self._request.scheduler)
        if self._request.jobs > 1:
            return in_processes(tasks, self._request.jobs)
        return (perform(task, self._progress.within(task)) for task in tasks)

    def _tasks(self) -> Iterator[Task]:
        """What needs to be worked on; everything on the way there is put in line too."""
        request, wants_fingerprint = self._request, self._journal is not None
        for item in request.items:
            path = item.path if isinstance(item, FileError) else item
            settle = self._settle_without_work(item)
            self._waiting.append((path, settle))
            if settle is None:
                yield Task(path, str(request.weights), self._weights_hash, request.parameters, wants_fingerprint)

    def _settle_without_work(self, item: str | FileError) -> Callable[[], None] | None:
        if isinstance(item, FileError):
            error = item
        elif self._request.resume and self._journal is not None and self._journal.holds(item):
            return partial(self._settle_known, item)
        elif self._sink.has(item) and not (self._request.overwrite or self._is_ours(item)):
            error = FileError(item, "its output exists already: add --overwrite, or choose another folder")
        elif item == STANDARD_INPUT or is_pipe(item):
            return partial(self._settle_pipe, item)
        elif is_device(item):
            error = FileError(item, "this is a device, not a file: name a sound file")
        else:
            return None
        return partial(self._settle, error.path, Outcome(error))

    def _is_ours(self, path: str) -> bool:
        return self._request.resume and self._journal is not None and self._journal.wrote(path)

    def _settle_until_work(self) -> None:
        while self._waiting and (settle := self._waiting[0][1]) is not None:
            self._waiting.popleft()
            settle()

    @interrupted_afterwards()
    def _settle_known(self, path: str) -> None:
        assert self._journal is not None
        self._console.detail(f"{path}: done before and unchanged")
        if not self._sink.has(path):
            self._sink.add(self._journal.read(path), replace=True)
        self._progress.count()

    def _settle_pipe(self, path: str) -> None:
        request = self._request
        model = load_once(str(request.weights), self._weights_hash)
        live = request.format == "jsonl"

        def print_hop(hop: Hop) -> None:
            self._sink.add_hop(path, hop)

        def tell(seconds: float) -> None:
            self._console.progress(0.0, f"{seconds:.0f} s heard")

        result: FileAnswer | FileError
        try:
            with open_pipe(path, request.raw, request.parameters.channel_index) as source:
                on_hop = print_hop if live else None
                result = classify_source(model, source, path, request.parameters, live, on_hop, tell)
                if note := leftover_note(source):
                    self._console.note(note)
        except UnreadableFile as error:
            result = FileError(path, str(error))
        self._settle(path, Outcome(result))

    @interrupted_afterwards()
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
            name = "standard input" if path == STANDARD_INPUT else path
            self._console.error(f"{name}: {result.error}")
            self.errors.append(result)
        if outcome.fault:
            self._console.trace(outcome.fault)
        self._progress.count()

    def _keep(self, answer: FileAnswer, outcome: Outcome) -> FileAnswer | FileError:
        try:
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


class RunProgress:
    """How far a run is, by the bytes of its inputs: that is known before any of them is opened."""

    def __init__(self, items: Sequence[str | FileError], console: Console) -> None:
        self._console = console
        self._sizes = [1 if isinstance(item, FileError) else size_of(item) for item in items]
        self._bytes = sum(self._sizes)
        self._bytes_done = self._done = 0

    def within(self, task: Task) -> Progress:
        """What tells how far the present input is."""

        def tell(share: float) -> None:
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


@contextmanager
def tidy_on_termination() -> Iterator[None]:
    """A polite kill lets the `with` statements tidy up."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
