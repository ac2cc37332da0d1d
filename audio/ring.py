"""Between the audio callback and the rest: a ring that one thread writes and another reads, with no lock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class SampleRing:
    """Preallocated; a single producer never waits for, nor looks at, the single consumer.

    A sample frame is one sample of each channel. When the consumer is late the oldest frames are overwritten,
    and counted. Two counters carry the protocol: the writer raises `claimed` before it copies and `written`
    after, the reader copies and then looks at `claimed`: what lies more than a capacity before it may have
    changed while it was copied and is dropped. Each counter has one writing thread and is replaced in one
    bytecode, which the interpreter lock makes visible in this order.
    """

    def __init__(self, capacity: int, channels: int) -> None:
        """`capacity` in sample frames."""
        self._samples = np.zeros((capacity, channels), np.float32)
        self.channels = channels
        self._capacity = capacity
        self._claimed = 0  # the writer's
        self._written = 0  # the writer's
        self._position = 0  # the reader's: everything before it was read or dropped

    def write(self, block: NDArray[np.float32]) -> None:
        """Take over a (n, channels) block: copies and counts, nothing else. For the callback."""
        start = self._written
        end = start + len(block)
        self._claimed = end
        kept = block[-self._capacity :]
        begin = (end - len(kept)) % self._capacity
        before_wrap = min(len(kept), self._capacity - begin)
        self._samples[begin : begin + before_wrap] = kept[:before_wrap]
        self._samples[: len(kept) - before_wrap] = kept[before_wrap:]
        self._written = end

    def read(self) -> tuple[NDArray[np.float32], int, int]:
        """Everything written and not yet read; returns at once, also when there is nothing.

        -> samples (n, channels); the index of the first since the ring was made; how many were dropped just
        before it.
        """
        end = self._written
        start = max(self._position, end - self._capacity)
        begin = start % self._capacity
        before_wrap = min(end - start, self._capacity - begin)
        after_wrap = end - start - before_wrap
        copy = np.concatenate([self._samples[begin : begin + before_wrap], self._samples[:after_wrap]])
        safe = min(max(start, self._claimed - self._capacity), end)
        dropped = safe - self._position
        self._position = end
        return copy[safe - start :], safe, dropped

    @property
    def waiting(self) -> int:
        """Sample frames that a read would find now, any that it would drop included; from any thread."""
        return self._written - self._position
