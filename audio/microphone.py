"""An input device through PortAudio: a callback that only copies, and a stream that can be opened again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from audio.capture import Capture, DeviceStream
from audio.devices import InputDevice, choose_device, devices_in_portaudio_thread, input_devices
from audio.front_end import Samples
from audio.portaudio import portaudio
from audio.pulse import PulseWatch, has_pactl, pulse_sources
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


class PortAudioStream(DeviceStream):
    """An open device. Made and closed in PortAudio's thread."""

    def __init__(self, sounddevice: Any, device: InputDevice, sample_rate: int) -> None:
        super().__init__(sample_rate, device.channels, RING_SECONDS)
        self._stream = sounddevice.InputStream(
            device=device.index,
            samplerate=sample_rate,
            channels=device.channels,
            dtype="float32",
            blocksize=round(BLOCK_SECONDS * sample_rate),
            callback=self._called,
            finished_callback=self._note_end,
        )
        try:
            self._stream.start()
        except sounddevice.PortAudioError:
            self._stream.close(ignore_errors=True)
            raise
        portaudio().open_streams.add(self)

    def _called(self, samples: Samples, frames: int, times: Any, flags: Any) -> None:
        # Some systems do not say when the block was captured: then it was now.
        self.take(samples, (times.inputBufferAdcTime or times.currentTime) + frames / self.sample_rate)

    def _note_end(self) -> None:
        self.ended = True

    def close(self) -> None:
        """Hangs for as long as the sound server is frozen."""
        # abort, not stop: stop waits for a suspended source. Errors no longer matter.
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)
        portaudio().open_streams.discard(self)


class PortAudioDevice:
    """Implements audio.capture.Device for one input device, found again by its key whenever it was lost."""

    def __init__(self, device: InputDevice) -> None:
        self.name = device.name if device.is_system_sound else device.label
        self.is_system_sound = device.is_system_sound
        self._device = device
        self._refused = False  # by the latest attempt to open it
        self._generation = 0  # of PortAudio's list of devices, when the index was found in it
        self._sample_rate: int | None = None  # Hz, fixed by the first opening
        self._watch: PulseWatch | None = None

    @property
    def condition(self) -> Condition:
        watch = self._watch  # asked for by another thread than the one that ends it
        return Condition() if watch is None else watch.condition

    def open(self) -> Future[DeviceStream]:
        return portaudio().submit(self._open)

    def close(self, stream: DeviceStream) -> Future[None]:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        assert isinstance(stream, PortAudioStream)
        return portaudio().submit(stream.close)

    def _open(self) -> DeviceStream:
        if self._sample_rate is not None:
            self._find_again()
        self._generation, self._refused = portaudio().generation, True
        sounddevice = portaudio().load()
        rates = (self._sample_rate,) if self._sample_rate else (self._device.sample_rate, *OTHER_RATES)
        with _source_chosen(self._device):
            stream = self._start(sounddevice, tuple(dict.fromkeys(rates)))
        self._refused = False
        self._sample_rate = stream.sample_rate
        if self._device.through_server and has_pactl():
            self._watch = PulseWatch(self._device.source)
        return stream

    def _start(self, sounddevice: Any, rates: tuple[int, ...]) -> PortAudioStream:
        for rate in rates:
            try:
                return PortAudioStream(sounddevice, self._device, rate)
            except sounddevice.PortAudioError as error:
                if _code(error) != INVALID_SAMPLE_RATE or rate == rates[-1]:
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


@contextmanager
def _source_chosen(device: InputDevice) -> Iterator[None]:
    """While a stream is opened inside, the sound server gives it this source, or what it likes where that is none.

    By the environment of the two plugins of ALSA that reach one. PipeWire would move a recording of its default source
    to the next default, even where the source was asked for by name; `node.dont-reconnect` forbids it, and PulseAudio,
    which does no such thing, takes no notice.
    """
    wishes: dict[str, object] = {"application.process.id": str(os.getpid())}  # by which PulseWatch knows our recordings
    variables = {}
    if device.source:
        sink = device.source.removesuffix(".monitor") if device.is_system_sound else ""
        wishes |= {
            "target.object": sink or device.source,
            "stream.capture.sink": bool(sink),
            "node.dont-reconnect": True,
        }
        variables = {"PULSE_SOURCE": device.source, "PULSE_PROP": "node.dont-reconnect=true"}
    variables["PIPEWIRE_ALSA"] = json.dumps(wishes)
    before = {name: os.environ[name] for name in variables if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(before)


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
