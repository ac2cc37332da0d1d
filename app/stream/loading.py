"""Importing and loading much at once: sooner done, and without holding up what runs beside it."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TURN_SECONDS = 0.0002  # how long a thread that is busy in Python keeps the others waiting; 5 ms is Python's own

atexit.register(gc.unfreeze)  # a process that ends in order takes apart all that there is


@contextmanager
def giving_way() -> Iterator[None]:
    """Other threads have their turn quickly and often, and nobody looks for garbage. One thread at a time."""
    turn, collecting = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(TURN_SECONDS)
    gc.disable()  # what is loaded is no garbage, but to find that out takes up to a tenth of a second each time
    try:
        yield
    finally:
        gc.freeze()  # nor will it ever be
        if collecting:
            gc.enable()
        sys.setswitchinterval(turn)
