"""Samples that wait for more, in memory of their own."""

from __future__ import annotations

import numpy as np

from audio.front_end import FrontEnd, Samples


class SampleBuffer:
    """Samples come in at the end and leave from the beginning; those in between lie side by side.

    The memory is taken once, and grows only where more samples wait than ever before.
    """

    def __init__(self, capacity: int, front_end: FrontEnd) -> None:
        """capacity: how many samples there is room for. front_end: who copies."""
        self._memory = np.zeros(capacity, np.float32)
        self._first = self._end = 0
        self._front_end = front_end

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def samples(self) -> Samples:
        """(len(self),) the oldest first: a view, good until something is appended."""
        return self._memory[self._first : self._end]

    def append(self, samples: Samples) -> None:
        """Take a copy of (n,) float32 samples."""
        if self._end + len(samples) > len(self._memory):
            self._make_room(len(samples))
        end = self._end + len(samples)
        self._front_end.copy(samples, self._memory[self._end : end])
        self._end = end

    def drop(self, count: int) -> None:
        """Forget the oldest `count` samples."""
        self._first += count
        if self._first == self._end:
            self._first = self._end = 0

    def _make_room(self, count: int) -> None:
        """At the end, by moving to the beginning what waits."""
        waiting = self.samples
        if len(waiting) + count > len(self._memory):
            self._memory = np.zeros(len(waiting) + count, np.float32)
        self._front_end.copy(waiting, self._memory[: len(waiting)])
        self._first, self._end = 0, len(waiting)
