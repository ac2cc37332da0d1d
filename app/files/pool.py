"""One file's work as a plain call, and the three places for it: this process, a pool of processes, a dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from app.files.answer import FileAnswer, FileError
from app.files.classify import classify_file
from app.files.journal import Fingerprint, take_fingerprint
from app.files.parameters import Parameters
from app.stream.models import Model, identify, load_model
from audio import UnreadableFile
from model import WeightsError

CRASHED = "the decoder crashed on this file: convert it to another format"
CONNECT_SECONDS = 10.0  # to a scheduler
LOWEST_PRIORITY = 10  # of Unix, the greater the lower
PRELOADED = ["app.files.pool", "soundfile", "soxr"]  # by the fork server

Progress = Callable[[float], None]  # share of one file that is done, 0..1


class NoCluster(Exception):  # noqa: N818
    """One sentence for the user."""


@dataclass(frozen=True)
class Task:
    """What is to be done, small enough to be sent anywhere."""

    path: str
    weights: str
    weights_hash: str
    parameters: Parameters
    fingerprint: bool  # whether that of the file is wanted too


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    result: FileAnswer | FileError
    fingerprint: Fingerprint | None = None
    fault: str = ""  # the traceback, where the program itself is at fault


def perform(task: Task, on_progress: Progress | None = None) -> Outcome:
    """Never raises for what is wrong with one file: the others have a right to be done."""

    def tell(seconds: float, duration: float | None) -> None:
        if on_progress is not None:
            on_progress(min(seconds / duration, 1.0) if duration else 0.0)

    try:
        model = load_once(task.weights, task.weights_hash)
        # Before it is read: a file that changes meanwhile will not match, and is done again.
        fingerprint = _fingerprint_if_readable(task.path) if task.fingerprint else None
        # Samples near the largest float overflow when channels are averaged: they are heard as silence, and counted.
        with decodable_name(task.path) as path, np.errstate(over="ignore", invalid="ignore"):
            answer = classify_file(model, path, task.parameters, tell)
        return Outcome(replace(answer, path=task.path), fingerprint)
    except (UnreadableFile, WeightsError) as error:
        return Outcome(FileError(task.path, str(error)))
    except OSError as error:
        return Outcome(FileError(task.path, f"the file cannot be read to its end ({error.strerror}): try it again"))
    except Exception as error:
        sentence = f"the program failed on this file ({error!r}): please report it, with what --verbose says"
        return Outcome(FileError(task.path, sentence), fault=traceback.format_exc())


@lru_cache(maxsize=1)
def load_once(weights: str, weights_hash: str) -> Model:
    """The model, loaded once in a process. Raises WeightsError, also when it is another one than was asked for."""
    model = load_model(Path(weights))
    if identify(Path(weights))["hash"] != weights_hash:
        raise WeightsError(f"{weights} is another model where the work is done: give every machine the same file")
    return model


@contextmanager
def decodable_name(path: str) -> Iterator[Path]:
    """The path itself, or a link to it where its name is no valid text: the decoders take only text."""
    try:
        path.encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory(prefix="nystream-") as folder:
            link = Path(folder) / ("sound" + Path(path).suffix.encode("ascii", "ignore").decode())
            link.symlink_to(os.path.abspath(path))
            yield link
    else:
        yield Path(path)


def _fingerprint_if_readable(path: str) -> Fingerprint | None:
    try:
        return take_fingerprint(path)
    except OSError:
        return None  # the decoder says it in better words


def one_after_another(tasks: Iterable[Task], on_progress: Callable[[Task], Progress]) -> Generator[Outcome, None, None]:
    """In this process."""
    for task in tasks:
        yield perform(task, on_progress(task))


def in_processes(tasks: Iterable[Task], jobs: int) -> Generator[Outcome, None, None]:
    """In `jobs` processes, in the order of the tasks."""
    with Pool(jobs, tries=2) as pool:
        yield from _in_order(pool.submit, tasks, in_flight=4 * jobs)


def in_cluster(tasks: Iterable[Task], scheduler: str) -> Generator[Outcome, None, None]:
    """Through an existing dask.distributed scheduler, given by its address, in the order of the tasks.

    Every worker needs this program, and the files and weights under the same paths. Raises NoCluster.
    """
    try:
        distributed = import_module("distributed")  # an extra: it may not be there
    except ImportError:
        raise NoCluster("dask is not installed: pip install 'nystream[dask]'") from None
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoCluster(f"the scheduler {scheduler} does not answer ({error}): check its address") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise NoCluster(f"the scheduler {scheduler} has no workers: start some with `dask worker {scheduler}`")
        with client.get_executor(pure=False) as executor:
            yield from _in_order(lambda task: executor.submit(perform, task), tasks, in_flight=4 * threads)


def _in_order(
    submit: Callable[[Task], Future[Outcome]], tasks: Iterable[Task], in_flight: int
) -> Generator[Outcome, None, None]:
    """`in_flight` tasks are waited for at most, so that a library of any size can be walked."""
    running: deque[Future[Outcome]] = deque()
    for task in tasks:
        running.append(submit(task))
        if len(running) >= in_flight:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


class Pool:
    """`jobs` processes, each fed by a thread. A file that kills its process is named, and the others are still done.

    tries: how often a file may kill a process before it gets the blame: the system may have been short of memory.
    polite: at the lowest priority, so that what is heard live goes first.
    """

    def __init__(self, jobs: int, tries: int = 1, polite: bool = False) -> None:
        self._tries, self._polite = tries, polite
        self._threads = ThreadPoolExecutor(jobs, "file worker")
        self._own = threading.local()  # worker: the process that this thread feeds
        self._workers: list[_Worker] = []
        self._ending = False

    def submit(self, task: Task, on_progress: Progress | None = None) -> Future[Outcome]:
        """`on_progress` is called in one of the pool's threads. After `end` the future is cancelled."""
        try:
            return self._threads.submit(self._perform, task, on_progress)
        except RuntimeError:
            if not self._ending:
                raise
            cancelled: Future[Outcome] = Future()
            cancelled.cancel()
            return cancelled

    def end(self) -> None:
        """At once; what is not done is cancelled or has crashed. Returns before the processes are gone."""
        self._ending = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._workers):
            worker.process.terminate()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what was submitted, or end it where something went wrong, such as Ctrl-C."""
        if kind is not None:
            self.end()
        self._threads.shutdown()
        for worker in self._workers:
            worker.close()

    def _perform(self, task: Task, on_progress: Progress | None) -> Outcome:
        for _ in range(self._tries):
            worker = None
            try:
                worker = self._worker()
                return worker.perform(task, on_progress)
            except (EOFError, OSError):  # the process is gone
                if worker is not None:
                    self._own.worker = None
                    self._workers.remove(worker)
                    worker.close()
            if self._ending:
                break
        return Outcome(FileError(task.path, CRASHED))

    def _worker(self) -> _Worker:
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            worker = self._own.worker = _Worker(self._polite)
            self._workers.append(worker)
            if self._ending:  # it was told so while the process began
                worker.process.terminate()
        return worker


class _Worker:
    """A process of the pool, as the thread that feeds it sees it."""

    def __init__(self, polite: bool) -> None:
        context: Any = worker_context()
        self._connection, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(there, perform, polite), daemon=True)
        self.process.start()
        there.close()

    def perform(self, task: Task, on_progress: Progress | None) -> Outcome:
        """Raises EOFError or OSError when the process is gone."""
        self._connection.send(task)
        while isinstance(said := self._connection.recv(), float):
            if on_progress is not None:
                on_progress(said)
        outcome: Outcome = said
        return outcome

    def close(self) -> None:
        """The process ends when nobody asks it any more; wait for that."""
        self._connection.close()
        self.process.join()


def _serve(connection: Connection, work: Callable[[Task, Progress], Outcome], polite: bool) -> None:
    """A process of the pool: a task comes in; shares done, as floats, and at last its outcome go out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    if polite and hasattr(os, "nice"):
        os.nice(LOWEST_PRIORITY)
    parent = multiprocessing.parent_process()
    if parent is not None:  # a parent that was killed says nothing: do not outlive it

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
    with suppress(EOFError, OSError):  # nobody asks any more
        while True:
            connection.send(work(connection.recv(), connection.send))


def worker_context() -> BaseContext:
    """How processes are made: by a fork server that has imported all once, or on Windows afresh."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def start_ahead() -> None:
    """Let the fork server import while this process does."""
    if worker_context().get_start_method() == "forkserver":
        from multiprocessing import forkserver

        forkserver.ensure_running()
