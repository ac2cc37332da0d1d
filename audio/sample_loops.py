"""Copies of samples, and a look at them, as loops that numba compiles.

numpy takes as long, but lets go of Python for every array of some size, and a busy window then keeps it for a while.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EXPONENT = np.int32(0x7F800000)  # of a float32; all of it set: infinite, or no number

Samples = NDArray[np.float32]


def copy_samples(samples: Samples, place: Samples) -> None:
    """place (n,) = samples (n,), which may overlap with it if they lie behind it."""
    for i in range(len(place)):
        place[i] = samples[i]


def count_invalid(samples: Samples) -> int:
    """How many are infinite or no numbers; by their bits, since loops that are compiled to be fast know neither."""
    count = 0
    for i in range(len(samples)):
        count += (np.float32(samples[i]).view(np.int32) & EXPONENT) == EXPONENT
    return count
