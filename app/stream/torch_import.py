"""torch, imported in a thread while the window moves: that takes two seconds and must not hold anything up."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from app.stream.loading import giving_way


def import_torch() -> None:
    """Returns when it is there, to be used with one thread: more make a step no faster, and its slowest ones slower.

    Raises ImportError.
    """
    if "torch" not in sys.modules:
        with giving_way():
            load_library()
            import torch
    import torch

    torch.set_num_threads(1)


def load_library() -> None:
    """Have torch's largest library loaded by the system: an import would keep the interpreter for 0.3 s meanwhile."""
    torch = find_spec("torch")
    if torch is None or torch.origin is None or os.name != "posix":
        return
    for library in Path(torch.origin).parent.glob("lib/libtorch_cpu.*"):
        ctypes.CDLL(None).dlopen(os.fsencode(library), os.RTLD_NOW)  # a failure is the import's to tell
