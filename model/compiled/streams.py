"""What the encoder remembers of streams that are stepped together; a single stream is a batch of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.compiled.fixed import UNSET
from model.compiled.layout import Sizes, aligned, doubles_at, floats_at


class EncoderStreams:
    """The states of B streams; every step changes them in place."""

    def __init__(self, sizes: Sizes, blocks: int, streams: int) -> None:
        self.floats: NDArray[np.float32] = aligned((streams, blocks, floats_at(sizes).end), np.float32)
        self.doubles: NDArray[np.float64] = aligned((streams, blocks, doubles_at(sizes).end), np.float64)
        self.positions = np.zeros(streams, np.int64)  # tokens heard
        numbers = 2 * sizes.width + max(sizes.projected, sizes.feed_forward)
        self.work: NDArray[np.float32] = aligned((streams * numbers,), np.float32)
        self._pairs = sizes.pairs
        for stream in range(streams):
            self.reset(stream)

    @property
    def nbytes(self) -> int:
        """Of all that is remembered."""
        return self.floats.nbytes + self.doubles.nbytes

    def reset(self, stream: int) -> None:
        """Let this stream begin anew."""
        self.floats[stream], self.doubles[stream] = 0.0, 0.0
        self.floats[stream, :, : self._pairs] = UNSET
        self.positions[stream] = 0
