"""Bulk imports without stalling other threads: torch takes two seconds, and must not hold the window up meanwhile."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

TURN_SECONDS = 0.0002  # how long a thread that is busy in Python keeps the others waiting; 5 ms is Python's own

atexit.register(gc.unfreeze)  # a process that ends in order takes apart all that there is


@contextmanager
def bulk_imports() -> Iterator[None]:
    """Other threads have their turn quickly and often; garbage collection is off. One thread at a time."""
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


def import_torch() -> None:
    """Returns when it is there, to be used with one thread: more make a step no faster, and its slowest ones slower.

    Raises ImportError.
    """
    if "torch" not in sys.modules:
        with bulk_imports():
            load_torch_library()
            import torch
    import torch

    torch.set_num_threads(1)


def load_torch_library() -> None:
    """Have torch's largest library loaded by the system: an import would hold the GIL for 0.3 s meanwhile."""
    torch = find_spec("torch")
    if torch is None or torch.origin is None or os.name != "posix":
        return
    for library in Path(torch.origin).parent.glob("lib/libtorch_cpu.*"):
        ctypes.CDLL(None).dlopen(os.fsencode(library), os.RTLD_NOW)  # a failure is the import's to tell
