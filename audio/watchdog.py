"""How a capture is doing, in one word, told from the samples that come and the time in which none do."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

CaptureState = Literal["listening", "silent", "zeros", "stalled", "lost", "recovering"]

STALL_SECONDS = 1.0  # without a single sample
ZERO_SECONDS = 1.0  # of nothing but exact zeros: no microphone is so quiet by itself
SILENT_SECONDS = 3.0
SILENT_DBFS = -70.0  # peak; below it there is no music
RETURN_SECONDS = 0.1  # of sound after a loss or a stall, until the device counts as back


class Watchdog:
    """Told of everything that happens to a stream; `state` may be asked at any time and from any thread.

    Silence, zeros and a return are measured in samples, so how they are cut into blocks, and how late these
    are read, changes nothing. Only an absence of samples is measured in seconds of the clock.

    listening   sound arrives
    silent      sound arrives, all of it below SILENT_DBFS
    zeros       samples arrive, all of them exactly zero (or no numbers at all): something is muted
    stalled     the device is open and nothing arrives
    lost        the device has gone away and cannot be opened
    recovering  it is open again, and its first sound is arriving
    """

    def __init__(self, sample_rate: int, now: float) -> None:
        self._rate = sample_rate
        self._last_arrival = now
        self._down: Literal["stalled", "lost"] | None = None  # why nothing arrives; None while something does
        self._is_open = True
        self._to_return = 0  # samples that must still arrive
        self._zeros = self._quiet = 0  # samples since the last other one, since the last loud one

    def lose(self) -> None:
        """The device has gone away."""
        self._down, self._is_open = "lost", False

    def give_up(self) -> None:
        """The stream is closed because nothing comes: perhaps a new one fares better."""
        self._down, self._is_open = "stalled", False

    def reopen(self, now: float) -> None:
        """The device is open again."""
        self._is_open, self._last_arrival = True, now

    def hear(self, samples: NDArray[np.float32], now: float) -> None:
        """(n,) samples, n > 0, have arrived."""
        if self._down is not None or now - self._last_arrival > STALL_SECONDS:
            self._to_return = round(RETURN_SECONDS * self._rate)
            self._zeros = self._quiet = 0
        self._down, self._last_arrival = None, now
        self._to_return = max(0, self._to_return - len(samples))
        magnitudes = np.where(np.isfinite(samples), np.abs(samples), np.float32(0))
        self._zeros = _run_at_end(self._zeros, magnitudes > 0)
        self._quiet = _run_at_end(self._quiet, magnitudes > 10 ** (SILENT_DBFS / 20))

    def quiet_for(self, now: float) -> float:
        """Seconds since anything arrived or the device was opened."""
        return now - self._last_arrival

    def state(self, now: float, unread: bool = False) -> CaptureState:
        """The present state; `unread`: samples have arrived of which `hear` has not been told yet."""
        if not self._is_open:
            return self._down or "lost"
        if unread or self.quiet_for(now) <= STALL_SECONDS:
            if self._down == "stalled":
                return "stalled"
            if self._down == "lost" or self._to_return:
                return "recovering"
            if self._zeros >= ZERO_SECONDS * self._rate:
                return "zeros"
            return "silent" if self._quiet >= SILENT_SECONDS * self._rate else "listening"
        return "stalled"


def _run_at_end(run: int, breaks: NDArray[np.bool_]) -> int:
    """How long a run is that was `run` long before, where each True ends it."""
    last = np.flatnonzero(breaks)
    return run + len(breaks) if not len(last) else len(breaks) - 1 - int(last[-1])
