"""How functions are compiled here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numba.extending import intrinsic
from numba.np.unsafe.ndarray import to_fixed_tuple
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = NDArray[np.float32]
F = np.float32

OPTIONS: dict[str, Any] = {
    "fastmath": True,
    "error_model": "numpy",  # a check of every division stops loops from vectorising
    "_nrt": False,  # nothing is allocated, and nobody counts references: that took a tenth of a step
}

as_tuple: Any = to_fixed_tuple  # (array, length) -> its first numbers as a tuple, inside a compiled function


def compiled(function: Function) -> Function:
    """A function of its own."""
    return cast(Function, njit(**OPTIONS)(function))


def inlined(function: Function) -> Function:
    """Compiled into every function that calls it, so that loops over it vectorise."""
    return cast(Function, njit(inline="always", **OPTIONS)(function))


def operation(typing: Callable[..., Any]) -> Any:
    """One that is written in LLVM's terms; see numba.extending.intrinsic."""
    return intrinsic(typing)
