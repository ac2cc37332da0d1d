"""Many channels into one."""

import numpy as np
from numpy.typing import NDArray


def mix_to_mono(samples: NDArray[np.float32], channel: int | None = None) -> NDArray[np.float32]:
    """(n, channels) float32 -> (n,) float32: one channel with its exact bits, or the mean of all for None."""
    if channel is not None:
        return samples[:, channel]
    if samples.shape[1] == 1:
        return samples[:, 0]
    mean: NDArray[np.float32] = samples.mean(axis=1, dtype=np.float32)
    return mean
