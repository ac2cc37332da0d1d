"""Where files are worked on many at once: a pool of processes on this machine, or a dask cluster."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWorking
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from types import FrameType
from typing import Any

from app.files.answer import FileError
from app.files.classify import Outcome, Progress, Task, ignore, perform

CRASHED = "the decoder crashed on this file: convert it to another format"
CONNECT_SECONDS = 10.0  # to a scheduler
IDLE_SECONDS = 30.0  # how long a cluster may be without workers: one that died may come back
POLL_SECONDS = 1.0
TRIES = 2  # processes that a file may kill before it gets the blame: the system may have been short of memory
LOWEST_PRIORITY = 10  # of Unix, the greater the lower
PRELOADED = ["app.files.classify", "av", "soxr"]  # by the fork server

Handler = Callable[[int, FrameType | None], object] | signal.Handlers  # of a signal


class CannotRun(Exception):  # noqa: N818
    """What was asked for cannot be done here: one sentence for the user."""


class Lost(Exception):  # noqa: N818
    """Nobody works on what was submitted any more: one sentence for the user."""


@dataclass(frozen=True)
class Workers:
    """`submit` has a task worked on and returns what waits for its outcome, or raises Lost."""

    submit: Callable[[Task], Callable[[], Outcome]]
    ahead: int  # how many tasks should be submitted at once: a library of any size can be walked


@contextmanager
def processes(jobs: int) -> Iterator[Workers]:
    """Of this machine."""
    with Pool(jobs) as pool:
        yield Workers(lambda task: pool.submit(task).result, ahead=4 * jobs)


@contextmanager
def cluster(scheduler: str) -> Iterator[Workers]:
    """Those of an existing dask.distributed scheduler, given by its address.

    Each needs this program, and the files and weights under the same paths. Raises CannotRun.
    """
    try:
        distributed = import_module("distributed")  # an extra: it may not be there
    except ImportError:
        raise CannotRun("dask is not installed: pip install 'nystream[dask]'") from None
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CannotRun(f"the scheduler {scheduler} does not answer ({error}): check its address") from None
    logging.disable(logging.CRITICAL)  # what becomes of a run is said in our words, once
    try:
        with client:
            threads = sum(client.nthreads().values())
            if not threads:
                raise CannotRun(f"the scheduler {scheduler} has no workers: start some with `dask worker {scheduler}`")
            yield Workers(_Cluster(client, scheduler).submit, ahead=4 * threads)
    finally:
        logging.disable(logging.NOTSET)


class _Cluster:
    """It gives what a worker died of to another one by itself, and gives up after a few of them."""

    def __init__(self, client: Any, scheduler: str) -> None:
        self._client, self._scheduler = client, scheduler
        self._executor: Executor = client.get_executor(pure=False)
        self._lost = ""  # why, once it is

    def submit(self, task: Task) -> Callable[[], Outcome]:
        """See Workers."""
        future: Future[Outcome] = Future()
        if not self._lost:
            with suppress(Exception):  # of a client that has lost its scheduler: others have been told, or will be
                future = self._executor.submit(perform, task)
        return partial(self._wait, task, future)

    def _wait(self, task: Task, future: Future[Outcome]) -> Outcome:
        idle = 0.0  # seconds
        while not self._lost or future.done():
            try:
                return future.result(timeout=POLL_SECONDS)
            except StillWorking:
                idle += POLL_SECONDS
                with suppress(Exception):  # of a scheduler that does not answer
                    if self._client.sync(self._client.scheduler.nthreads, callback_timeout=POLL_SECONDS):
                        idle = 0.0
                if idle > IDLE_SECONDS:
                    self._lost = f"{self._scheduler} has no workers any more: start some"
            except (Exception, CancelledError) as error:
                if type(error).__name__ == "KilledWorker":
                    return Outcome(FileError(task.path, CRASHED))
                self._lost = f"{self._scheduler} is gone: start it again"
                break
        raise Lost(f"the scheduler {self._lost}, and do the rest with --resume")


class Pool:
    """`jobs` processes, each fed by a thread. A file that kills its process is named, and the others are still done.

    polite: at the lowest priority, so that the live window goes first.
    """

    def __init__(self, jobs: int, polite: bool = False) -> None:
        self._polite = polite
        self._threads = ThreadPoolExecutor(jobs, "file worker")
        self._own = threading.local()  # worker: the process that this thread feeds
        self._workers: list[_Worker] = []
        self._ending = False

    def submit(self, task: Task, on_progress: Progress = ignore) -> Future[Outcome]:
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

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        """Wait for what was submitted, or end it where something went wrong, such as Ctrl-C."""
        if kind is not None:
            self.end()
        self._threads.shutdown()
        for worker in self._workers:
            worker.close()

    def _perform(self, task: Task, on_progress: Progress) -> Outcome:
        for _ in range(TRIES):
            try:
                return self._worker().perform(task, on_progress)
            except (EOFError, OSError):  # the process is gone, or none could be made
                worker = self._own.__dict__.pop("worker", None)
                if worker is not None:
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

    def perform(self, task: Task, on_progress: Progress) -> Outcome:
        """Raises EOFError or OSError when the process is gone."""
        self._connection.send(task)
        while isinstance(said := self._connection.recv(), float):
            on_progress(said)
        outcome: Outcome = said
        return outcome

    def close(self) -> None:
        """Without a connection the process ends; wait for that."""
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
    with suppress(EOFError, OSError):  # the pool is closed
        while True:
            connection.send(work(connection.recv(), connection.send))


def worker_context() -> BaseContext:
    """How processes are made: by a fork server that has imported all once and is running now, or else afresh.

    There is no such server on Windows, nor where its socket cannot lie in the temporary folder: none can be written, or
    its name is too long.
    """
    if "forkserver" in multiprocessing.get_all_start_methods():
        from multiprocessing import forkserver

        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        with suppress(OSError):
            forkserver.ensure_running()
            return context
    return multiprocessing.get_context("spawn")


def start_ahead() -> None:
    """Let the fork server import while this process does. Called in the main thread."""
    with on_signal(signal.SIGINT, signal.SIG_IGN):  # inherited: Ctrl-C is for this process alone
        worker_context()


@contextmanager
def on_signal(number: signal.Signals, handler: Handler) -> Iterator[None]:
    """Another handler within. Only in the main thread."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
