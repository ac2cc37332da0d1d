"""Let numba do without a BLAS. It looks for one by importing scipy.linalg, a sixth of a second at every start.

Nothing that is compiled here calls one.
"""

from __future__ import annotations

from importlib import import_module
from typing import NoReturn

from numba.np import linalg


def _not_looked_for() -> NoReturn:
    raise ImportError("nothing that is compiled needs a BLAS")


_look = linalg.ensure_blas
linalg.ensure_blas = _not_looked_for
try:
    import_module("numba.np.arraymath")  # which looks, once and for all
finally:
    linalg.ensure_blas = _look
