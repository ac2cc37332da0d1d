"""What a bundle brings along: the compiled functions, made for a processor whose features nearly all have."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import llvmlite.binding
import numba

SHIPPED = Path(__file__).with_name("shipped")
PROCESSOR = "processor.json"  # LLVM's name of it, and the features that make it


@cache
def shipped_folder() -> Path | None:
    """Where they lie, with numba told to compile for that processor. None in a checkout, where this processor lacks a
    feature, and where NUMBA_CPU_NAME asks for another.

    To be called before numba compiles anything: it asks only once what it compiles for.
    """
    try:
        made_for = json.loads((SHIPPED / PROCESSOR).read_text(encoding="utf-8"))
    except OSError:
        return None
    features = llvmlite.binding.get_host_cpu_features()
    if os.environ.get("NUMBA_CPU_NAME") or not all(features.get(name) for name in made_for["features"]):
        return None
    numba.config.CPU_NAME, numba.config.CPU_FEATURES = made_for["name"], ""  # type: ignore[attr-defined]
    return SHIPPED
