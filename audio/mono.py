"""Many channels into one."""

import numpy as np
from numpy.typing import NDArray


def mix_to_mono(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, channels) float32 -> (n,) float32, the mean of the channels; one channel keeps its exact bits."""
    if samples.shape[1] == 1:
        return samples[:, 0]
    mean: NDArray[np.float32] = samples.mean(axis=1, dtype=np.float32)
    return mean
