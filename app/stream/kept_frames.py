"""The last log-mel frames, kept for a model that comes later and has to hear them too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio import BANDS

KEPT_FRAMES = 4608  # 6 minutes: the longest window of 5, and what its first token depends on


class KeptFrames:
    """A ring in one piece of memory; frames are numbered from 0, `first` to `end` are there."""

    def __init__(self, capacity: int = KEPT_FRAMES) -> None:
        self._frames = np.full((capacity, BANDS), np.nan, dtype=np.float32)
        self.end = 0

    @property
    def first(self) -> int:
        """Number of the oldest frame that is still there."""
        return max(0, self.end - len(self._frames))

    def push(self, frame: NDArray[np.float32]) -> None:
        """Keep (bands,) dB."""
        self._frames[self.end % len(self._frames)] = frame
        self.end += 1

    def take(self, begin: int, count: int) -> NDArray[np.float32]:
        """At most `count` frames from number `begin` on, at least `first`: (k, bands), a copy."""
        numbers = np.arange(begin, min(begin + count, self.end))
        taken: NDArray[np.float32] = self._frames[numbers % len(self._frames)]
        return taken
