"""The answers of a whole session in bounded memory: every frame of the last minutes, means of what is older.

    long ago                                                          now
    [ mean of 8 | mean of 8 | mean of 8 | ... ]      every frame:  [ . . . . . . . . ]

Both reach to now. When the means fill their place, each two become one: a session of any length takes as much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.live.verdict import Verdict
from app.stream.snapshot import Snapshot

RECENT_FRAMES = 3871  # 5 minutes, all of which can be looked at frame by frame
MEANS = 4096  # an hour is 46 000 frames: then each is the mean of 16, 1.2 s


@dataclass(frozen=True, slots=True)
class Moment:
    """What was known after one frame, the last one included."""

    frame: int  # how many frames had come, 1 for the first one
    seconds: float
    smoothed: NDArray[np.float32]  # (genres,)
    raw: NDArray[np.float32] | None  # (genres,) of the frame alone; None for a mean of several
    filled: float
    level_dbfs: float
    verdict: Verdict | None  # None for a mean of several


class History:
    """Frames are numbered as they come, from 1; times are those of the session and never fall."""

    def __init__(self, genres: int, recent: int = RECENT_FRAMES, means: int = MEANS) -> None:
        self.frames = 0
        self.genres = genres
        # seconds, filled, level; then smoothed, then raw. Filled at once: memory does not grow later.
        self._recent = np.zeros((recent, 3 + 2 * genres), dtype=np.float32)
        self._seconds = np.zeros(recent)
        self._verdicts: list[Verdict | None] = [None] * recent
        self._means = np.zeros((means, genres), dtype=np.float32)
        self._mean_seconds = np.zeros(means)  # of the last frame in each
        self._stride = 1  # frames in one mean
        self._whole_means = 0
        self._sum, self._summed = np.zeros(genres), 0

    @property
    def seconds(self) -> float:
        """Time of the newest frame."""
        return float(self._seconds[(self.frames - 1) % len(self._seconds)]) if self.frames else 0.0

    def add(self, snapshot: Snapshot, verdict: Verdict) -> None:
        """The next frame, and what was said of it."""
        at = self.frames % len(self._recent)
        self._recent[at] = (
            snapshot.seconds,
            snapshot.filled,
            snapshot.level_dbfs,
            *snapshot.smoothed,
            *snapshot.probabilities,
        )
        self._seconds[at], self._verdicts[at] = snapshot.seconds, verdict
        self.frames += 1
        self._sum += snapshot.smoothed
        self._summed += 1
        if self._summed == self._stride:
            self._finish_mean(snapshot.seconds)

    def _finish_mean(self, seconds: float) -> None:
        if self._whole_means == len(self._means):
            half = len(self._means) // 2
            self._means[:half] = (self._means[0::2] + self._means[1::2]) / 2
            self._mean_seconds[:half] = self._mean_seconds[1::2]
            self._whole_means, self._stride = half, 2 * self._stride
            if self._summed < self._stride:
                return
        self._means[self._whole_means] = self._sum / self._summed
        self._mean_seconds[self._whole_means] = seconds
        self._whole_means += 1
        self._sum[:], self._summed = 0.0, 0

    def at(self, seconds: float) -> Moment | None:
        """The last moment not after this time, or the first one there is; None when there is none."""
        if not self.frames:
            return None
        numbers = np.arange(max(0, self.frames - len(self._recent)), self.frames)
        times = self._seconds[numbers % len(self._recent)]
        position = int(np.searchsorted(times, seconds, side="right")) - 1
        if position >= 0 or numbers[0] == 0:
            return self._recent_moment(int(numbers[max(position, 0)]))
        position = int(np.searchsorted(self._mean_seconds[: self._whole_means], seconds))
        position = min(position, self._whole_means - 1)  # a mean that is not whole yet is not known
        frame, shown = (position + 1) * self._stride, self._means[position]
        return Moment(frame, float(self._mean_seconds[position]), shown, None, 1.0, 0.0, None)

    def _recent_moment(self, number: int) -> Moment:
        at = number % len(self._recent)
        row, genres = self._recent[at], self.genres
        return Moment(
            frame=number + 1,
            seconds=float(self._seconds[at]),
            smoothed=row[3 : 3 + genres].copy(),
            raw=row[3 + genres :].copy(),
            filled=float(row[1]),
            level_dbfs=float(row[2]),
            verdict=self._verdicts[at],
        )

    def curve(self, begin: float, end: float, columns: int) -> NDArray[np.float32]:
        """(columns, genres) the answers at the middle of so many equal parts of a time; NaN where there are none."""
        middles = begin + (np.arange(columns) + 0.5) * (end - begin) / columns
        curve = np.full((columns, self.genres), np.nan, dtype=np.float32)
        first = max(0, self.frames - len(self._recent))
        numbers = np.arange(first, self.frames) % len(self._recent)
        times = self._seconds[numbers]
        if first:
            old = (middles >= 0) & (middles < times[0])
            means = self._mean_seconds[: self._whole_means]
            curve[old] = self._means[np.minimum(np.searchsorted(means, middles[old]), self._whole_means - 1)]
        if len(times):
            new = (middles >= times[0]) & (middles <= times[-1])
            at = numbers[np.searchsorted(times, middles[new], side="right") - 1]
            curve[new] = self._recent[at, 3 : 3 + self.genres]
        return curve
