"""One set-up at a time in a checkout: a second start waits for the first."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .report import say

POLL_SECONDS = 0.2

if sys.platform == "win32":
    import msvcrt

    def try_to_lock(file: BinaryIO) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def try_to_lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, waiting as long as needed; the system frees it with the process."""
    with path.open("ab") as file:
        if not try_to_lock(file):
            say("another start is setting up here; waiting for it")
            while not try_to_lock(file):
                time.sleep(POLL_SECONDS)
        # A pip that outlives a killed start holds the lock on, so that nothing is removed under its hands.
        os.set_inheritable(file.fileno(), True)
        yield
