"""Whether numpy or compiled functions compute the front end, and the buffer that its parts share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class Loops(NamedTuple):
    """The compiled functions of audio/loops.py."""

    log_mel: Callable[[Samples, NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], Samples], None]
    halve: Callable[[Samples, Samples, int, Samples, Samples, Samples], None]
    interpolate: Callable[[Samples, Samples, int, int, Samples], None]
    copy: Callable[[Samples, Samples], None]
    count_invalid: Callable[[Samples], int]


class FrontEnd:
    """numpy, until compiled functions take over. Any number of streams may share it; none has a gap then.

    loops: None as long as numpy computes.
    """

    def __init__(self) -> None:
        self.loops: Loops | None = None

    @property
    def name(self) -> str:
        """What computes from the next frame on: "numpy" or "compiled"."""
        return "numpy" if self.loops is None else "compiled"

    def take_over(self, loops: Loops) -> None:
        """Compute by these from now on; from any thread, at any time."""
        self.loops = loops

    def copy(self, samples: Samples, place: Samples) -> None:
        """place (n,) = samples (n,), which may overlap with it if they lie behind it."""
        loops = self._loops_for(samples)
        if loops is None:
            place[:] = samples
        else:
            loops.copy(samples, place)

    def count_invalid(self, samples: Samples) -> int:
        """How many are NaN or infinite."""
        loops = self._loops_for(samples)
        if loops is None:
            return len(samples) - int(np.count_nonzero(np.isfinite(samples)))
        return loops.count_invalid(samples)

    def _loops_for(self, samples: Samples) -> Loops | None:
        """None where numpy must do it: the loops are compiled for contiguous, writable arrays."""
        return self.loops if samples.flags.carray else None


class SampleBuffer:
    """Contiguous samples: appended at the end, dropped from the beginning.

    The memory is allocated once, and grows only where more samples wait than ever before.
    """

    def __init__(self, capacity: int, front_end: FrontEnd) -> None:
        """capacity: how many samples there is room for. front_end: what copies."""
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
        """Remove the oldest `count` samples."""
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


def spans(samples: Samples, count: int, length: int, step: int) -> Samples:
    """(count, length) overlapping views of a contiguous array, each `step` samples after the one before.

    What sliding_window_view gives in ten times as long, which is a third of what a frame costs.
    """
    size = samples.itemsize
    return np.ndarray((count, length), np.float32, samples, strides=(step * size, size))
