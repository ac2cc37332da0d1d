"""The last log-mel frames side by side, in place: nothing is allocated or moved as new ones come.

Each frame is written twice, `columns` apart, so that the last `columns` frames are always one slice:

    write here            and here
    v                     v
    [ 8 9 | 3 4 5 6 7 ] [ 8 9 | 3 4 5 6 7 ]
          `--- oldest to newest ---'
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SILENCE_DB = -100.0  # what has not been heard: no frame lies lower


class FrameRing:
    """`written` counts all frames since the last clear()."""

    def __init__(self, columns: int, bands: int) -> None:
        self.columns, self.bands = columns, bands
        self._decibels = np.empty((bands, 2 * columns), dtype=np.float32)
        self.clear()

    def clear(self) -> None:
        """Nothing has been heard."""
        self.written = 0
        self._decibels.fill(SILENCE_DB)

    def push(self, frames: NDArray[np.float32]) -> None:
        """Append (k, bands) frames in dB, oldest first."""
        kept = frames[-self.columns :]
        first = self.written + len(frames) - len(kept)
        at = (first + np.arange(len(kept))) % self.columns
        self._decibels[:, at] = kept.T
        self._decibels[:, at + self.columns] = kept.T
        self.written += len(frames)

    def skip(self, count: int) -> None:
        """Count frames that nobody will ask for."""
        self.written += count

    def until(self, end: int, count: int) -> NDArray[np.float32]:
        """(bands, count) the last frames before number `end`: a view where all are there, else a copy with silence."""
        start = (end - count) % self.columns
        frames = self._decibels[:, start : start + count]
        overwritten = min(max(self.written - self.columns - (end - count), 0), count)
        if overwritten:
            frames = frames.copy()
            frames[:, :overwritten] = SILENCE_DB
        return frames
