"""Many channels into one."""

import numpy as np
from numpy.typing import NDArray

from audio.errors import UnreadableFile


def mix_to_mono(samples: NDArray[np.float32], channel: int | None = None) -> NDArray[np.float32]:
    """(n, channels) float32 -> (n,) float32: one channel with its exact bits, or the mean of all for None."""
    if channel is not None:
        return samples[:, channel]
    if samples.shape[1] == 1:
        return samples[:, 0]
    mean: NDArray[np.float32] = samples.mean(axis=1, dtype=np.float32)
    return mean


def check_channel(channel: int | None, channels: int, kind: str) -> None:
    """Raises UnreadableFile where a `kind` of so many channels, a file or a stream, has no such one."""
    if channel is not None and not 0 <= channel < channels:
        only = f"choose one from 1 to {channels}" if channels > 1 else "it has only one"
        raise UnreadableFile(f"there is no channel {channel + 1} in this {kind}: {only}")
