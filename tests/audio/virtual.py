"""A clock wound by hand and a device that exists only on it: every event of a real one, at any moment, at once."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from audio.capture import DeviceStream
from audio.clock import Clock
from audio.source import NoAnswer, NoMicrophone
from audio.watchdog import Condition

Sound = Callable[[int, int], NDArray[np.float32]]  # index of the first sample frame, how many -> (n, channels)


class VirtualClock(Clock):
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


def tone(sample_rate: int, channels: int = 1, frequency: float = 440.0) -> Sound:
    """A sine of -6 dBFS in every channel."""

    def sound(start: int, count: int) -> NDArray[np.float32]:
        wave = 0.5 * np.sin(2 * np.pi * frequency / sample_rate * np.arange(start, start + count))
        return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)

    return sound


class VirtualDevice:
    """Implements audio.capture.Device: gives `sound` in blocks as the clock goes on.

    The attributes may be set at any moment: `muted`, `suspended` (nothing comes), `overloaded` (what would come is
    thrown away, and nobody told), `answers_nothing` (opening fails for that reason), `lag` (seconds on the way before
    it is given), `condition`. Unplugging and the like are calls.
    """

    is_system_sound = False

    def __init__(
        self,
        clock: VirtualClock,
        sound: Sound,
        sample_rate: int = 48_000,
        channels: int = 1,
        block: int = 1024,
        ring_seconds: float = 4.0,
    ) -> None:
        self._clock, self._sound = clock, sound
        self._sample_rate, self._channels, self._block = sample_rate, channels, block
        self._ring_seconds = ring_seconds
        self._stream: DeviceStream | None = None
        self._plugged, self._frozen = True, False
        self._waiting: list[Callable[[], None]] = []  # what a frozen server has been asked to do
        self._position = 0  # sample frames since the clock began
        self.name = "virtual"
        self.muted = self.suspended = self.overloaded = self.answers_nothing = False
        self.lag = 0.0
        self._on_its_way: deque[tuple[float, NDArray[np.float32]]] = deque()  # when it was captured, and what
        self.condition = Condition()
        self.openings = 0
        clock.at(block / sample_rate, self._tick)

    def open(self) -> Future[DeviceStream]:
        future: Future[DeviceStream] = Future()

        def answer() -> None:
            self.openings += 1
            if self.answers_nothing:
                future.set_exception(NoAnswer())
                return
            if not self._plugged:
                future.set_exception(NoMicrophone("The microphone “virtual” is not there: connect it again."))
                return
            self._stream = DeviceStream(self._sample_rate, self._channels, self._ring_seconds)
            future.set_result(self._stream)

        self._ask(answer)
        return future

    def close(self, stream: DeviceStream) -> Future[None]:
        future: Future[None] = Future()

        def answer() -> None:
            if self._stream is stream:
                self._stream = None
            future.set_result(None)

        self._ask(answer)
        return future

    def unplug(self) -> None:
        """Pull the cable."""
        self._plugged = False
        if self._stream is not None:
            self._stream.ended = True
            self._stream = None

    def divert(self) -> None:
        """Pull the cable, and have a server go on with another device's sound."""
        self._plugged, self.condition = False, Condition(fed_by="other", gone=True)

    def plug(self) -> None:
        """Put it in again."""
        self._plugged, self.condition = True, Condition()

    def break_stream(self) -> None:
        """Nothing ever comes from what is open now; opened anew it would."""
        self._stream = None

    def freeze(self) -> None:
        """Nothing comes, and nothing that is asked is done."""
        self._frozen = True

    def thaw(self) -> None:
        """Do all that was asked meanwhile."""
        self._frozen = False
        waiting, self._waiting = self._waiting, []
        for action in waiting:
            action()

    def _ask(self, action: Callable[[], None]) -> None:
        if self._frozen:
            self._waiting.append(action)
        else:
            action()

    def _tick(self) -> None:
        if not (self.suspended or self.overloaded or self._frozen):
            block = self._sound(self._position, self._block)
            self._on_its_way.append((self._clock.now(), np.zeros_like(block) if self.muted else block))
        while self._on_its_way and self._on_its_way[0][0] <= self._clock.now() - self.lag:
            self._give(*self._on_its_way.popleft())
        self._position += self._block
        self._clock.at((self._position + self._block) / self._sample_rate, self._tick)

    def _give(self, captured: float, block: NDArray[np.float32]) -> None:
        if self._stream is not None:
            self._stream.take(block, captured)
