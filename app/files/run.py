"""One run of `nystream classify`: the inputs in order, through the pool, into the output and the journal."""

from __future__ import annotations

import errno
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from app.files.answer import FileAnswer, FileError, Hop
from app.files.classify import Outcome, Task, classify_source, load_once, perform
from app.files.console import Console, wants_colour
from app.files.formats import Run, length_heard, shortcomings
from app.files.inputs import STANDARD_INPUT, is_device, is_pipe, open_pipe, size_of
from app.files.journal import Fingerprint, Journal, journal_path, take_fingerprint
from app.files.json_formats import RECORD, SCHEMA
from app.files.output import Destination, Output, Tree, WholeFile
from app.files.parameters import Parameters
from app.files.pool import CannotRun, Lost, Workers, cluster, on_signal, processes
from app.files.tags import CannotTag, Tagger, Tagging
from app.files.watch import CannotWatch, Watch
from app.stream.backend import mend
from app.stream.models import identify
from app.text import clock, to_json
from audio import RawFormat, RawSource, UnreadableFile
from model import WeightsError

TERMINATED = 128 + signal.SIGTERM
EXISTS = "its output exists already: add --overwrite, or choose another folder"


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
    top: int  # genres in a row
    chapters: float | None  # s that one lasts at least, where they are wanted
    raw: RawFormat | None
    jobs: int
    scheduler: str | None
    weights: Path
    errors_file: Path | None
    tagging: Tagging | None
    watch: Watch | None  # what comes after the items, without an end


def run_request(request: Request, console: Console) -> bool:
    """Do it; returns whether nothing failed. What is finished is kept when it is interrupted.

    Raises CannotRun, WeightsError, KeyboardInterrupt, and OSError where the answers cannot be written.
    """
    try:
        identity = identify(request.weights) if request.weights.is_file() else {"name": "", "hash": ""}
        mend(console.detail)  # here and now, or every worker would do it
        load_once(str(request.weights), identity["hash"])
    except OSError as error:
        raise WeightsError(str(error)) from None
    # A polite kill lets the `with` statements tidy up.
    with ExitStack() as stack, on_signal(signal.SIGTERM, lambda number, frame: sys.exit(TERMINATED)):
        return Queue(request, identity, console, stack).work_off()


@contextmanager
def interrupted_afterwards() -> Iterator[None]:
    """What is written within is written to its end; Ctrl-C meanwhile takes effect after it."""
    pressed: list[int] = []
    with on_signal(signal.SIGINT, lambda number, frame: pressed.append(number)):
        yield
    if pressed:
        raise KeyboardInterrupt


class Queue:
    """The inputs of a run, settled in order: what is done is skipped, what is piped in is classified here.

    Whatever it opens is closed with the stack. Raises CannotRun and OSError.
    """

    def __init__(self, request: Request, identity: dict[str, str], console: Console, stack: ExitStack) -> None:
        self._request = request
        self._weights = str(request.weights), identity["hash"]
        self._console = console
        self._errors: list[FileError] = []
        self._total = 0
        self._lost = False
        self._tagger = None if request.tagging is None else Tagger(request.tagging, console)
        described = request.parameters.described()
        colour = request.destination is None and wants_colour(sys.stdout)
        replaces = request.overwrite or request.resume
        path = journal_path(request.destination)
        self._journal = None
        try:
            if path is not None:  # first: what another run is writing is not ours
                answered_with: dict[str, Any] = {"schema": SCHEMA, "record": RECORD, "model": identity["hash"]}
                answered_with["parameters"] = described
                if isinstance(request.destination, Tree):  # or files with other rows would be taken for done
                    top = request.top > 1 and request.top
                    rows = {"timeline": request.timeline, "top": top, "chapters": request.chapters}
                    answered_with |= {name: value for name, value in rows.items() if value}
                self._journal = Journal(path, answered_with, keep=request.resume or not request.overwrite)
                stack.callback(self._journal.close)
            # What there is already is ours to replace when it is continued.
            genres = request.parameters.genres or load_once(*self._weights).config.genres
            run = Run(identity, described, genres, request.timeline, colour, request.top, request.chapters)
            self._output = Output(request.destination, request.format, run, replaces, stack)
        except BlockingIOError as error:
            raise CannotRun(f"{error.strerror}: wait until it ends, or choose another place") from None
        except OSError as error:
            if request.destination is None:
                raise
            raise CannotRun(
                f"{error.filename or request.destination} cannot be written ({error.strerror}): choose another place"
            ) from None

    def work_off(self) -> bool:
        """All of them; returns whether nothing failed. Raises KeyboardInterrupt, when all is kept."""
        try:
            with self._workers() as workers:
                self._work(self._request.items, workers)
                if self._request.watch is not None:
                    self._console.note(f"watching {self._request.watch.folder}; Ctrl-C ends it")
                    for arrived in self._request.watch.arrivals():
                        self._work(arrived, workers)
        except CannotWatch as error:
            self._console.error(str(error))
            self._finish()
            return False
        except KeyboardInterrupt:
            self._console.error("interrupted: what is finished is kept")
            self._finish()
            raise
        self._finish()
        if self._errors:
            self._console.detail(f"{len(self._errors)} of {self._total} failed")
        return not self._errors

    def _work(self, items: Sequence[str | FileError], workers: Workers) -> None:
        self._settled, self._count_now = 0, len(items)
        self._total += len(items)
        # Progress is by the bytes of the inputs: they are known before any of them is opened.
        sizes = [1 if isinstance(item, FileError) else size_of(item) for item in items]
        self._bytes_before = list(accumulate(sizes, initial=0))
        begun: deque[Callable[[], None]] = deque()
        for item in items:
            begun.append(self._begin(item, workers.submit))
            if len(begun) >= workers.ahead:
                begun.popleft()()
        while begun:
            begun.popleft()()

    def _workers(self) -> AbstractContextManager[Workers]:
        if self._request.scheduler is not None:
            return cluster(self._request.scheduler)
        if self._request.jobs > 1:
            return processes(self._request.jobs)
        return nullcontext(Workers(lambda task: partial(perform, task, partial(self._show, task.path)), ahead=1))

    def _begin(self, item: str | FileError, submit: Callable[[Task], Callable[[], Outcome]]) -> Callable[[], None]:
        """Have an input worked on, where it needs to be; returns what settles it."""
        request = self._request
        if isinstance(item, FileError):
            error = item
        elif request.resume and self._journal is not None and (known := self._journal.find(item)) is not None:
            return partial(self._settle_known, known)
        elif self._output.has(item) and not (request.overwrite or request.resume):
            error = FileError(item, EXISTS)
        elif item == STANDARD_INPUT or is_pipe(item):
            return partial(self._settle_pipe, item)
        elif is_device(item):
            error = FileError(item, "this is a device, not a file: name a sound file")
        else:
            outcome = submit(Task(item, *self._weights, request.parameters, fingerprint=self._journal is not None))
            return partial(self._settle_submitted, item, outcome)
        return partial(self._settle, Outcome(error))

    @interrupted_afterwards()
    def _settle_known(self, answer: FileAnswer) -> None:
        self._console.detail(f"{answer.path}: done before and unchanged")
        if not self._output.has(answer.path):
            self._add(answer)
        try:
            self._enter(answer, self._tag(answer, None))
        except CannotTag as error:
            self._fail(FileError(answer.path, str(error)))
        self._count()

    def _settle_submitted(self, path: str, outcome: Callable[[], Outcome]) -> None:
        try:
            self._settle(outcome())
        except Lost as error:
            if not self._lost:  # said once, and not of every file
                self._console.error(str(error))
            self._lost = True
            self._errors.append(FileError(path, str(error)))
            self._count()

    def _settle_pipe(self, path: str) -> None:
        parameters = self._request.parameters
        live = self._request.format == "jsonl" and self._request.chapters is None

        def add_hop(hop: Hop) -> None:
            if live:
                self._output.add_hop(path, hop)

        def tell(seconds: float) -> None:
            self._console.progress(0.0, f"{clock(seconds)} heard")

        result: FileAnswer | FileError
        try:
            with open_pipe(path, self._request.raw, parameters.channel_index, parameters.track) as source:
                result = classify_source(load_once(*self._weights), source, path, parameters, live, add_hop, tell)
                if isinstance(source, RawSource) and source.leftover_bytes:
                    self._console.note(
                        f"the stream ended in the middle of a sample: {source.leftover_bytes} bytes were left out"
                    )
        except UnreadableFile as error:
            result = FileError(path, str(error))
        self._settle(Outcome(result))

    @interrupted_afterwards()
    def _settle(self, outcome: Outcome) -> None:
        result = outcome.result
        name = "standard input" if result.path == STANDARD_INPUT else result.path
        if isinstance(result, FileAnswer):
            for said in shortcomings(result):
                self._console.note(f"{name}: {said}")
            self._console.detail(f"{name}: {length_heard(result)}")
            result = self._keep(result, outcome.fingerprint)
        if isinstance(result, FileError):
            self._fail(result)
        if outcome.fault:
            self._console.trace(outcome.fault)
        self._count()

    def _fail(self, error: FileError) -> None:
        name = "standard input" if error.path == STANDARD_INPUT else error.path
        self._console.error(f"{name}: {error.error}")
        self._errors.append(error)

    def _keep(self, answer: FileAnswer, fingerprint: Fingerprint | None) -> FileAnswer | FileError:
        try:
            self._add(answer)
        except OSError as error:
            if not isinstance(self._request.destination, Tree):
                raise
            if isinstance(error, FileExistsError):  # made meanwhile, as for an input that was named twice
                return FileError(answer.path, EXISTS)
            too_long = error.errno == errno.ENAMETOOLONG
            remedy = "shorten its name, or write one file for all" if too_long else "make room, and try again"
            return FileError(answer.path, f"the answer cannot be written ({error.strerror}): {remedy}")
        try:
            self._enter(answer, self._tag(answer, fingerprint))
        except CannotTag as error:
            return FileError(answer.path, str(error))
        return answer

    def _enter(self, answer: FileAnswer, fingerprint: Fingerprint | None) -> None:
        """Into the journal, where there is one."""
        if self._journal is not None and fingerprint is not None:
            try:
                self._journal.enter(answer, fingerprint)
            except OSError as error:
                self._console.note(f"{answer.path}: --resume will not know that it is done ({error.strerror})")

    def _tag(self, answer: FileAnswer, fingerprint: Fingerprint | None) -> Fingerprint | None:
        """Tag the file where that is wanted; returns what it is now. Raises CannotTag."""
        if self._tagger is None or not self._tagger.tag(answer):
            return fingerprint
        if self._request.watch is not None:
            self._request.watch.accept(answer.path)
        with suppress(OSError):  # it is done again, then
            return take_fingerprint(answer.path) if self._journal is not None else None
        return None

    def _add(self, answer: FileAnswer) -> None:
        if self._request.destination is None:
            self._console.clear()
        self._output.add(answer)

    @interrupted_afterwards()
    def _finish(self) -> None:
        """Make the output visible, and write what failed."""
        self._console.clear()
        self._output.finish(self._errors)
        if self._tagger is not None:
            self._tagger.finish()
        if self._request.errors_file is not None:
            failed = {"schema": SCHEMA, "errors": [asdict(error) for error in self._errors]}
            with WholeFile(self._request.errors_file, self._request.overwrite or self._request.resume) as whole:
                whole.stream.write(to_json(failed, indent=1) + "\n")
                whole.commit()

    def _count(self) -> None:
        self._settled += 1
        if self._settled < self._count_now:
            self._show(f"{self._settled} of {self._count_now} files")

    def _show(self, what: str, share: float = 0.0) -> None:
        """share: how much of the present input is done."""
        before, after = self._bytes_before[self._settled : self._settled + 2]
        self._console.progress((before + share * (after - before)) / self._bytes_before[-1], what)
