"""Many files, in the order in which they were named: one after another, in processes, or on a cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from app.files.answer import FileError
from app.files.processes import worker_context
from app.files.work import Outcome, Progress, Task, perform

CRASHED = "the decoder crashed on this file: convert it to another format"


def one_after_another(tasks: Iterable[Task], on_progress: Callable[[Task], Progress]) -> Generator[Outcome, None, None]:
    """In this process."""
    for task in tasks:
        yield perform(task, on_progress(task))


def in_order(executor: Executor, tasks: Iterable[Task], in_flight: int) -> Generator[Outcome, None, None]:
    """In the executor; `in_flight` tasks are waited for at most, so that a library of any size can be walked."""
    running: deque[Future[Outcome]] = deque()
    for task in tasks:
        running.append(executor.submit(perform, task))
        if len(running) >= in_flight:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def in_processes(tasks: Iterable[Task], jobs: int) -> Generator[Outcome, None, None]:
    """In `jobs` processes. A file that kills its process is found out and named, and the others are still done."""
    in_flight = 4 * jobs
    waiting = iter(tasks)
    unanswered: deque[Task] = deque()  # submitted, in order

    def submitted() -> Iterator[Task]:
        for task in waiting:
            unanswered.append(task)
            yield task

    while True:
        try:
            with _pool(jobs) as executor:
                for outcome in in_order(executor, submitted(), in_flight):
                    unanswered.popleft()
                    yield outcome
                return
        except (BrokenProcessPool, CancelledError):
            # Nobody knows which of them it was, so each gets a process of its own.
            while unanswered:
                task = unanswered[0]
                outcome = _alone(task)
                unanswered.popleft()
                yield outcome


def _alone(task: Task) -> Outcome:
    try:
        with _pool(1) as executor:
            return executor.submit(perform, task).result()
    except BrokenProcessPool:
        return Outcome(FileError(task.path, CRASHED))


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    executor = ProcessPoolExecutor(jobs, worker_context(), initializer=_begin_worker)
    try:
        yield executor
    except BaseException:
        # Ctrl-C: nobody wants to wait for a file of a day. What is finished has been handed out.
        executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    else:
        executor.shutdown()


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    parent = multiprocessing.parent_process()
    if parent is not None:  # a parent that was killed says nothing: do not outlive it

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
