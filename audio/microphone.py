"""An input device through PortAudio: a callback that only copies, and a stream that can be opened again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.capture import Capture, DeviceStream
from audio.devices import InputDevice, choose_device, devices_in_portaudio_thread, input_devices
from audio.portaudio import portaudio
from audio.pulse import PulseWatch, has_pactl, pulse_sources
from audio.ring import SampleRing
from audio.source import NoMicrophone
from audio.watchdog import Condition

RING_SECONDS = 4.0  # how late the reader may be before the oldest sound is lost
BLOCK_SECONDS = 1024 / 48_000  # shorter ones fall behind when other Python threads are busy
OTHER_RATES = (48_000, 44_100)  # Hz, for a device that refuses its own
INVALID_SAMPLE_RATE = -9997  # PortAudio's error code


class Microphone(Capture):
    """A capture of an input device at its own rate; see Capture.

    `device`: its key or name (any unambiguous part of it, whatever the case), PortAudio's index, or None for
    the default. `channel`: the index of the one to use, None for the mean of all. Raises NoAudioSystem where
    PortAudio is missing or does not answer, NoMicrophone when there is no such device or it refuses.
    """

    def __init__(self, device: str | int | None = None, channel: int | None = None) -> None:
        super().__init__(PortAudioDevice(choose_device(input_devices(), device)), channel)


class PortAudioStream:
    """An open device. Made and closed in PortAudio's thread."""

    def __init__(self, sounddevice: Any, device: InputDevice, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.ring = SampleRing(round(RING_SECONDS * sample_rate), device.channels)
        self.mark = (0.0, 0)
        self.ended = False
        self._stream = sounddevice.InputStream(
            device=device.index,
            samplerate=sample_rate,
            channels=device.channels,
            dtype="float32",
            blocksize=round(BLOCK_SECONDS * sample_rate),
            callback=self._take,
            finished_callback=self._note_end,
        )
        try:
            self._stream.start()
        except sounddevice.PortAudioError:
            self._stream.close(ignore_errors=True)
            raise

    def _take(self, samples: NDArray[np.float32], frames: int, times: Any, flags: Any) -> None:
        # Some systems do not say when the block was captured: then it was now.
        captured = (times.inputBufferAdcTime or times.currentTime) + frames / self.sample_rate
        self.ring.write(samples)
        self.mark = (captured, self.mark[1] + frames)

    def _note_end(self) -> None:
        self.ended = True

    def close(self) -> None:
        """Hangs for as long as the sound server is frozen."""
        # abort, not stop: stop waits for a suspended source. Errors no longer matter.
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)


class PortAudioDevice:
    """Implements audio.capture.Device for one input device, found again by its key whenever it was lost."""

    def __init__(self, device: InputDevice) -> None:
        self._device = device
        self._opened_before = False
        self._refused = False  # by the latest attempt to open it
        self._generation = 0  # of PortAudio's list of devices, when the index was found in it
        self._sample_rate: int | None = None  # Hz, fixed by the first opening
        self._watch: PulseWatch | None = None

    @property
    def name(self) -> str:
        return self._device.name if self._device.is_system_sound else self._device.label

    @property
    def is_system_sound(self) -> bool:
        return self._device.is_system_sound

    @property
    def condition(self) -> Condition:
        watch = self._watch
        return Condition() if watch is None else watch.condition

    def open(self) -> Future[DeviceStream]:
        return portaudio().submit(self._open)

    def close(self, stream: DeviceStream) -> Future[None]:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        assert isinstance(stream, PortAudioStream)
        return portaudio().submit(lambda: self._close(stream))

    def _open(self) -> DeviceStream:
        again, self._opened_before = self._opened_before, True
        if again:
            self._find_again()
        self._generation, self._refused = portaudio().generation, True
        sounddevice = portaudio().load()
        own = (self._sample_rate,) if self._sample_rate else (self._device.sample_rate, *OTHER_RATES)
        with _source_chosen(self._device.source):
            stream = self._start(sounddevice, own)
        self._refused = False
        portaudio().open_streams.add(stream)
        self._sample_rate = stream.sample_rate
        if self._device.through_server and has_pactl():
            self._watch = PulseWatch(self._device.source)
        return stream

    def _start(self, sounddevice: Any, rates: tuple[int, ...]) -> PortAudioStream:
        for attempt, rate in enumerate(rates, start=1):
            try:
                return PortAudioStream(sounddevice, self._device, rate)
            except sounddevice.PortAudioError as error:
                if _code(error) != INVALID_SAMPLE_RATE or attempt == len(rates):
                    raise NoMicrophone(_refusal(self._device, error, rates)) from error
        raise AssertionError("there is at least one rate")

    def _find_again(self) -> None:
        """Find its present index. Raises NoMicrophone where it is not there.

        A sound server says so itself, and PortAudio's index is that of the way to it, which stays. Looking for devices
        would take half a second on a busy machine, and fill the terminal with ALSA's complaints without a server.
        """
        missing = NoMicrophone(f"The microphone “{self.name}” is not there: connect it again.")
        if self._device.through_server and has_pactl():
            sources = {source.name: source for source in pulse_sources()}
            if not sources or self._device.source not in ("", *sources):
                raise missing
            if not self._refused and self._generation == portaudio().generation:
                if self._device.source:
                    self._device = replace(self._device, channels=sources[self._device.source].channels)
                return
        alone = not portaudio().open_streams
        known = [device for device in devices_in_portaudio_thread(refresh=alone) if device.key == self._device.key]
        if not known:
            raise missing
        self._device = known[0]

    def _close(self, stream: PortAudioStream) -> None:
        stream.close()
        portaudio().open_streams.discard(stream)


@contextmanager
def _source_chosen(source: str) -> Iterator[None]:
    """While a stream is opened inside, the sound server gives it this source; "" for the server's choice."""
    before = os.environ.get("PULSE_SOURCE")
    if source:
        os.environ["PULSE_SOURCE"] = source
    try:
        yield
    finally:
        if source and before is None:
            del os.environ["PULSE_SOURCE"]
        elif source and before is not None:
            os.environ["PULSE_SOURCE"] = before


def _code(error: Exception) -> int:
    return error.args[1] if len(error.args) > 1 else 0


def _refusal(device: InputDevice, error: Exception, rates: tuple[int, ...]) -> str:
    if _code(error) == INVALID_SAMPLE_RATE:
        refused = " nor ".join(f"{rate} Hz" for rate in rates)
        return (
            f"The microphone “{device.label}” runs neither at {refused}: set another rate in the sound settings, or "
            "choose another one."
        )
    return (
        f"The microphone “{device.label}” cannot be opened ({error.args[0]}): "
        "close other programs that use it, choose another one, or open a file instead."
    )
