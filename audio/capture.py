"""A device as a source that never stops: what is lost is counted, a device that is gone is looked for again."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from typing import Protocol

import numpy as np

from audio.clock import Clock, SampleClock
from audio.front_end import Samples
from audio.ring import SampleRing
from audio.source import AudioError, Block, Mixer, NoAnswer, NoMicrophone, Source, SourceState
from audio.watchdog import STALL_SECONDS, Cause, Condition, Loss, Watchdog, sentence

OPEN_SECONDS = 5.0  # a sound server that takes longer does not answer
CLOSE_SECONDS = 1.0  # nor does one that takes longer to close
RETRY_SECONDS = 0.25  # from one attempt to find a lost device to the next
RESTART_SECONDS = 4.0  # of nothing at all, until a stalled stream is closed and opened again
POLL_SECONDS = 0.005  # how often the reader looks; the callback wakes no thread: that would take a lock
LOSS_SHOWN_SECONDS = 5.0
LOSSES_KEPT = 100


class DeviceStream:
    """An open device: its callback writes into the ring until it ends.

    mark: when the last sample written reached the microphone, in seconds on the device's own clock, and how many had
    been written by then. What waits somewhere on its way, however long, does not change it.
    ended: whether the device went away: no callback will come any more.
    """

    def __init__(self, sample_rate: int, channels: int, ring_seconds: float) -> None:
        self.sample_rate = sample_rate  # Hz at which the device runs
        self.ring = SampleRing(round(ring_seconds * sample_rate), channels)
        self.mark = (0.0, 0)
        self.ended = False

    def take(self, samples: Samples, moment: float) -> None:
        """(n, channels) samples, the last of which reached the microphone at that moment. For the callback."""
        self.ring.write(samples)
        self.mark = (moment, self.mark[1] + len(samples))


class Device(Protocol):
    """A device that can be opened, and opened again after it was lost.

    Both calls return at once. Their futures may stay undone for ever: a frozen sound server never answers.
    """

    name: str  # what the user calls it
    is_system_sound: bool  # whether it gives what the computer plays, not a microphone's sound

    @property
    def condition(self) -> Condition:
        """The latest known; returns at once."""

    def open(self) -> Future[DeviceStream]:
        """Open and start it; the future raises AudioError, with a sentence, where that fails."""

    def close(self, stream: DeviceStream) -> Future[None]:
        """Stop and close it."""


class Capture(Source):
    """Listens from its creation on. Raises NoMicrophone or NoAudioSystem when the device cannot be opened.

    Once it listens nothing is raised any more: `read` gives empty blocks while nothing arrives, `state` and
    `status` say why, and a device that comes back is used again. Time goes on meanwhile: the first block
    after an outage says how many samples were lost.

    channel: the index of the one channel to use, None for the mean of all.
    """

    def __init__(self, device: Device, channel: int | None = None, clock: Clock | None = None) -> None:
        self.name = device.name
        self._device = device
        self._channel, self._mixer = channel, Mixer(channel)
        self._clock = clock or Clock()
        self._closed = False
        self._opening: Future[DeviceStream] | None = None
        self._next_attempt = 0.0
        self._loss_shown_until = 0.0
        self._stream: DeviceStream | None = self._open_first()
        now = self._clock.now()
        self.sample_rate = self._stream.sample_rate
        self._watchdog = Watchdog(self.sample_rate, now)
        self._sample_clock = SampleClock(self.sample_rate, now)
        self._losses: deque[Loss] = deque(maxlen=LOSSES_KEPT)
        self._gap_by_outage = False  # whether what is missing next was lost by an outage
        self._held_up = False  # whether what comes next was held up by a stall or an outage
        self._taken = 0  # samples of this stream, lost ones of its ring counted
        # Seconds: the stream's clock less ours, known with its first sound.
        self._device_clock_ahead: float | None = None

    def _open_first(self) -> DeviceStream:
        opening = self._device.open()
        try:
            stream = opening.result(OPEN_SECONDS)
        except FutureTimeoutError:
            opening.add_done_callback(self._close_unwanted)
            raise NoMicrophone(
                f"“{self.name}” cannot be opened because the sound server does not answer: restart it, or open a file "
                "instead."
            ) from None
        channels = stream.ring.channels
        if self._channel is not None and not 0 <= self._channel < channels:
            self._device.close(stream)
            raise NoMicrophone(
                f"“{self.name}” has {channels} channel{'s' if channels > 1 else ''}, so there is no channel "
                f"{self._channel + 1}: choose one from 1 to {channels}."
            )
        return stream

    @property
    def state(self) -> SourceState:
        stream = self._stream
        unread = stream is not None and not stream.ended and stream.ring.waiting > 0
        state = self._watchdog.state(self._clock.now(), unread)
        return "muted" if state == "zeros" and self._device.condition.muted else state

    @property
    def losses(self) -> tuple[Loss, ...]:
        """The latest gaps, oldest first, LOSSES_KEPT at most."""
        return tuple(self._losses)

    @property
    def status(self) -> str:
        """Empty while sound arrives and none was lost just now, otherwise one sentence for the user."""
        if self._closed:
            return ""
        said = sentence(self.state, self.name, self._device.is_system_sound, self._device.condition)
        if not said and self._clock.now() < self._loss_shown_until:
            return self.losses[-1].sentence()
        return said

    def read(self, timeout: float) -> Block | None:
        """All that has arrived since the last read, as soon as there is any; see Source.read."""
        deadline = self._clock.now() + timeout
        while not self._closed:
            self._tend()
            block = self._take()
            if block is not None:
                return block
            remaining = deadline - self._clock.now()
            if remaining <= 0:
                return Block(np.zeros(0, np.float32), self._sample_clock.position)
            self._clock.sleep(min(POLL_SECONDS, remaining))
        return None

    def _take(self) -> Block | None:
        if self._stream is None:
            return None
        samples, _, dropped = self._stream.ring.read()
        now = self._clock.now()
        if not len(samples) and not dropped:
            self._held_up |= self._watchdog.quiet_for(now) > STALL_SECONDS
            return None
        start = self._sample_clock.position
        self._taken += len(samples) + dropped
        moment, written = self._stream.mark
        if self._device_clock_ahead is None:
            self._device_clock_ahead = moment - now
        missing = self._sample_clock.arrive(
            len(samples) + dropped, moment - self._device_clock_ahead, written - self._taken
        )
        mono = self._mixer.mix(samples)
        self._watchdog.process(mono, now)
        self._note_loss(start, missing, "outage" if self._gap_by_outage else "device")
        self._note_loss(start + missing, dropped, "burst" if self._held_up else "late")
        self._gap_by_outage = False
        self._held_up &= len(samples) > STALL_SECONDS * self.sample_rate  # as long as more comes than time passes
        lost = missing + dropped
        if lost:
            self._loss_shown_until = now + LOSS_SHOWN_SECONDS
        return Block(mono, start + lost, lost)

    def _note_loss(self, start: int, count: int, cause: Cause) -> None:
        if count:
            self._losses.append(Loss(start / self.sample_rate, count / self.sample_rate, cause))

    def _tend(self) -> None:
        """Close a stream that is dead, and look for the device until it is back."""
        now = self._clock.now()
        stream = self._stream
        if stream is not None:
            if self._device.condition.gone or (stream.ended and not stream.ring.waiting):
                self._watchdog.lose()
            elif self._watchdog.quiet_for(now) > RESTART_SECONDS and not stream.ring.waiting:
                self._watchdog.give_up()
            else:
                return
            self._stream = None
            self._device.close(stream)
            self._next_attempt = now
        if self._opening is None:
            if now >= self._next_attempt:
                self._opening = self._device.open()
        elif self._opening.done():
            opened, self._opening = self._opening, None
            try:
                self._stream = opened.result()
            except AudioError as error:
                if isinstance(error, NoAnswer):  # the device may be there
                    self._watchdog.give_up()
                else:
                    self._watchdog.lose()
                self._next_attempt = now + RETRY_SECONDS
                return
            self._sample_clock.restart()
            self._device_clock_ahead, self._taken = None, 0
            self._gap_by_outage = self._held_up = True
            self._watchdog.reopen(now)

    def close(self) -> None:
        """Stop listening. Waits CLOSE_SECONDS at most, as a frozen sound server never answers."""
        if self._closed:
            return
        self._closed = True
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.add_done_callback(self._close_unwanted)
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(FutureTimeoutError):  # it is closed as soon as the server answers
                self._device.close(stream).result(CLOSE_SECONDS)

    def _close_unwanted(self, opening: Future[DeviceStream]) -> None:
        with suppress(AudioError):  # then there is none
            self._device.close(opening.result())
