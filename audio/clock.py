"""The computer's clock, and samples counted against it: what a device or sound server lost without saying so."""

from __future__ import annotations

import math
import time

WINDOW_SECONDS = 1.0  # within it one block at least arrives without delay
TOLERANCE_SECONDS = 0.05  # a shorter gap cannot be told from a delay
DRIFT = 1e-3  # how far a device's clock may be from the computer's: samples per sample


class Clock:
    """The computer's clock: seconds that only ever grow, from an arbitrary zero. Tests have one that they set."""

    def now(self) -> float:
        """The present moment in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait that long; not at all when it is negative."""
        time.sleep(max(0.0, seconds))


class SampleClock:
    """Counts the samples that must be missing, so that position / rate stays the time since the start.

    Moments are those at which the last sample reached the microphone, as far as the system knows. A block may seem
    late, never early: of the differences between the time passed and the samples counted, the smallest within
    WINDOW_SECONDS is the true one. When that minimum rises by more than TOLERANCE_SECONDS, so much was lost;
    smaller changes are the drift of two clocks, and are followed.
    """

    def __init__(self, sample_rate: int, now: float) -> None:
        self._rate = sample_rate
        self._began = now
        self._window_began = now
        self._smallest = math.inf  # within the present window, in samples
        self._usual: float | None = None  # that of the windows before
        self._restarted = False
        self.position = 0  # samples since the start, missing ones counted

    def restart(self) -> None:
        """A new stream begins: all that is missing before its first samples is lost for certain."""
        self._restarted = True

    def arrive(self, count: int, now: float, unread: int = 0) -> int:
        """`count` samples, lost ones of the ring included, are read -> how many are missing before them.

        now: the moment of the last sample that has been written, which is `unread` samples after the last one read.
        """
        self.position += count
        late = (now - self._began) * self._rate - self.position - unread
        missing = 0
        if self._restarted:
            self._restarted = False
            if self._usual is None and self._smallest < math.inf:
                self._usual = self._smallest
            missing = max(0, round(late - (self._usual or 0.0)))
            self._smallest, self._window_began = late - missing, now
        else:
            self._smallest = min(self._smallest, late)
            if now - self._window_began >= WINDOW_SECONDS:
                missing = self._settle(now)
        self.position += missing
        return missing

    def _settle(self, now: float) -> int:
        smallest, window = self._smallest, now - self._window_began
        self._smallest, self._window_began = math.inf, now
        if self._usual is None or smallest < self._usual:
            self._usual = smallest
            return 0
        rise = smallest - self._usual
        if rise > TOLERANCE_SECONDS * self._rate:
            return round(rise)
        self._usual += min(rise, DRIFT * min(window, WINDOW_SECONDS) * self._rate)
        return 0
