"""Files one after another in a process of its own, which can be ended at any moment and may crash alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from app.files.answer import FileAnswer, FileError
from app.files.batch import CRASHED
from app.files.processes import worker_context
from app.files.work import Task, perform

LOWEST_PRIORITY = 10  # of Unix, the greater the lower: what is heard live goes first

Progressed = Callable[[int, float], None]  # which task, share 0..1
Answered = Callable[[int, FileAnswer | FileError], None]


class Worker:
    """Takes tasks from a common iterator, in a thread, until it is empty or `end` is called.

    The functions are called in that thread.
    """

    def __init__(
        self, tasks: Iterator[tuple[int, Task]], lock: threading.Lock, progressed: Progressed, answered: Answered
    ) -> None:
        self._tasks, self._lock = tasks, lock
        self._progressed, self._answered = progressed, answered
        self._ending = False
        self._process: Any = None
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._work, name="file worker", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """At once; the file that is heard gets no answer. Returns before the process is gone."""
        self._ending = True
        process = self._process
        if process is not None:
            process.terminate()

    def join(self, timeout: float) -> bool:
        """Wait for the end; False when it has not come after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def is_working(self) -> bool:
        """Whether there may still come something."""
        return self._thread.is_alive()

    def _work(self) -> None:
        try:
            while not self._ending:
                with self._lock:
                    taken = next(self._tasks, None)
                if taken is None:
                    return
                self._do(*taken)
        finally:
            if self._connection is not None:
                self._connection.close()  # the process ends when nobody asks it any more
            if self._process is not None:
                self._process.join()

    def _do(self, number: int, task: Task) -> None:
        try:
            connection = self._connection or self._start()
            connection.send(task)
            while True:
                said = connection.recv()
                if not isinstance(said, float):
                    break
                self._progressed(number, said)
        except (EOFError, OSError):
            self._connection = None
            if not self._ending:
                self._answered(number, FileError(task.path, CRASHED))
        else:
            self._answered(number, said)

    def _start(self) -> Connection:
        context: Any = worker_context()
        here, there = context.Pipe()
        process = context.Process(target=serve, args=(there,), daemon=True)
        process.start()
        self._process = process  # only now: `end` may come at any moment, and ends what has begun
        there.close()
        self._connection = here
        if self._ending:  # it was told so while the process began
            self._process.terminate()
        return self._connection


def serve(connection: Connection) -> None:
    """The process: a task comes in; shares done, as floats, and at last its result go out."""
    if hasattr(os, "nice"):
        os.nice(LOWEST_PRIORITY)
    try:
        while True:
            task = connection.recv()

            def tell(seconds: float, duration: float | None) -> None:
                if duration:
                    connection.send(min(seconds / duration, 1.0))

            connection.send(perform(task, tell).result)
    except (EOFError, OSError):
        return  # nobody asks any more
