"""Matrices of bfloat16, where that is exactly what their weights are: training rounds them, see model/rounding.py.

A bfloat16 number is the upper half of a float32 one. Two are kept in each place of a float32 array, and become float32
again by one shift or one mask: a frame reads half as many bytes, all arithmetic is that of float32, and so are the
answers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.compiled.lanes import LANES
from model.compiled.products import HALF_INPUTS, HALF_OUTPUTS

LOWER_HALF = np.uint32(0xFFFF)


def can_be_halves(matrix: NDArray[Any]) -> bool:
    """Whether (inputs, outputs) has sizes that the products of halves serve, and no weight more digits than these."""
    inputs, outputs = matrix.shape
    return not (inputs % HALF_INPUTS or outputs % HALF_OUTPUTS or (_bits(matrix) & LOWER_HALF).any())


def as_halves(matrix: NDArray[Any]) -> NDArray[np.float32]:
    """(inputs, outputs) -> (inputs outputs / 2,), float32 by name.

    Of every 2 LANES neighbours the first LANES lie in the lower halves, and the others in the upper ones.
    """
    low, high = _bits(matrix).reshape(-1, 2, LANES).swapaxes(0, 1)
    return (low >> np.uint32(16) | high).reshape(-1).view(np.float32)


def _bits(matrix: NDArray[Any]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(matrix, np.float32).view(np.uint32)
