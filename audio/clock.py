"""Time as the capture layer sees it: the computer's own, or one that a test winds by hand."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Seconds that only ever grow, from an arbitrary zero."""

    def now(self) -> float:
        """The present moment in seconds."""

    def sleep(self, seconds: float) -> None:
        """Let so much time pass; not at all when it is negative."""


class SystemClock:
    """time.monotonic."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class VirtualClock:
    """Stands still until somebody sleeps; what was planned for the time slept over then happens in order.

    For one thread: whoever sleeps does everything that happens meanwhile, so a run is the same every time.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self._now

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Do this at that moment; at once, by the next sleep, when it is past."""
        heapq.heappush(self._agenda, (moment, next(self._order), action))

    def sleep(self, seconds: float) -> None:
        end = self._now + max(0.0, seconds)
        while self._agenda and self._agenda[0][0] <= end:
            moment, _, action = heapq.heappop(self._agenda)
            self._now = max(self._now, moment)
            action()
        self._now = end
