"""What was lost, when, and why: no sample goes missing without an entry here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

Cause = Literal["late", "outage", "device"]

KEPT = 100  # the latest losses; older ones stay in the totals

BECAUSE: dict[Cause, str] = {
    "late": "the computer was too busy to keep up",
    "outage": "the device was away",
    "device": "the sound system did not deliver it",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """One gap in the sound."""

    seconds: float  # when it began, since the source opened
    length: float  # seconds
    cause: Cause

    def sentence(self) -> str:
        """For the user: how much, when, why."""
        minutes, seconds = divmod(int(self.seconds), 60)
        amount = f"{self.length:.1f} s" if self.length >= 1 else f"{max(1, round(1000 * self.length))} ms"
        return f"{amount} of sound was lost at {minutes}:{seconds:02d}: {BECAUSE[self.cause]}."


class LossLog:
    """Written by the reading thread, read by any."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._latest: deque[Loss] = deque(maxlen=KEPT)
        self.samples = 0  # lost in all

    def add(self, start: int, count: int, cause: Cause) -> None:
        """`count` samples from index `start` on are lost; nothing when that is 0."""
        if count:
            self.samples += count
            self._latest.append(Loss(start / self._rate, count / self._rate, cause))

    @property
    def latest(self) -> tuple[Loss, ...]:
        """Oldest first, KEPT at most."""
        return tuple(self._latest)
