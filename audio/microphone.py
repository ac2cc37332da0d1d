"""An input device as a source: a callback that only copies, and a reader that does the rest."""

from __future__ import annotations

import atexit
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.devices import InputDevice, input_devices, load_sounddevice
from audio.errors import NoMicrophone
from audio.mono import mix_to_mono
from audio.ring import SampleRing
from audio.source import Block, ClosesOnExit

RING_SECONDS = 4.0  # how late the reader may be before the oldest sound is lost
BLOCK_SECONDS = 1024 / 48_000  # shorter ones fall behind when other Python threads are busy
STALL_SECONDS = 1.0  # no callback for so long: say that nothing arrives
CLOSE_SECONDS = 1.0  # a frozen sound server never answers: do not wait for it longer
POLL_SECONDS = 0.005  # how often the reader looks; the callback wakes nobody, for that would take a lock


class Microphone(ClosesOnExit):
    """Listens from its creation on, at the device's own rate, to all its channels, averaged.

    `device`: a name (any unambiguous part of it, whatever the case), PortAudio's index, or None for the
    default. Raises NoAudioSystem where PortAudio is missing, NoMicrophone when there is no such device or it
    refuses. A device that goes away raises nothing: `read` gives empty blocks and `status` says what
    happened.
    """

    def __init__(self, device: str | int | None = None) -> None:
        sounddevice = load_sounddevice()
        chosen = choose_device(input_devices(), device)
        self.name = chosen.name
        self.sample_rate = chosen.sample_rate
        self._ring = SampleRing(round(RING_SECONDS * self.sample_rate), chosen.channels)
        self._ended = False
        self._closed = False
        self._arrival = (0, time.monotonic())  # sample frames captured, and when that number was first seen
        stream = None
        try:
            stream = sounddevice.InputStream(
                device=chosen.index,
                samplerate=self.sample_rate,
                channels=chosen.channels,
                dtype="float32",
                blocksize=round(BLOCK_SECONDS * self.sample_rate),
                callback=self._take,
                finished_callback=self._note_end,
            )
            stream.start()
        except sounddevice.PortAudioError as error:
            if stream is not None:
                stream.close(ignore_errors=True)
            raise NoMicrophone(
                f"The microphone “{chosen.name}” cannot be opened ({error.args[0]}): "
                "close other programs that use it, choose another one, or open a file instead."
            ) from error
        self._stream = stream

    def _take(self, samples: NDArray[np.float32], frames: int, times: Any, flags: Any) -> None:
        self._ring.write(samples)

    def _note_end(self) -> None:
        self._ended = True

    @property
    def status(self) -> str:
        """Empty while sound arrives, otherwise one sentence for the user."""
        if self._closed:
            return ""
        if self._ended:
            return f"The microphone “{self.name}” is gone: connect it again, then choose it again."
        if time.monotonic() - self._last_arrival() > STALL_SECONDS:
            return f"The microphone “{self.name}” sends nothing: check that it is connected and not suspended."
        return ""

    def _last_arrival(self) -> float:
        """When new sound was last seen to have arrived, on time.monotonic's clock."""
        captured = self._ring.count().captured
        if captured != self._arrival[0]:
            self._arrival = (captured, time.monotonic())
        return self._arrival[1]

    def read(self, timeout: float) -> Block | None:
        """All that has arrived since the last read, as soon as there is any; see Source.read."""
        deadline = time.monotonic() + timeout
        while not self._closed:
            samples, start, dropped = self._ring.read()
            if len(samples) or dropped:
                self._last_arrival()
                return Block(mix_to_mono(samples), start, dropped)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return Block(np.zeros(0, np.float32), start)
            time.sleep(min(POLL_SECONDS, remaining))
        return None

    def close(self) -> None:
        """Stop listening. Waits CLOSE_SECONDS at most: PortAudio waits for ever when the sound server is
        frozen.
        """
        if self._closed:
            return
        self._closed = True
        closing = threading.Thread(target=self._close_stream, name="close microphone", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)
        if closing.is_alive():
            # What sounddevice does at exit would wait for that server too, and the program could not be quit.
            atexit.unregister(load_sounddevice()._exit_handler)

    def _close_stream(self) -> None:
        # abort, not stop: stop waits for a suspended source. Errors are of no use any more, the stream is
        # done with.
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)


def choose_device(devices: list[InputDevice], wanted: str | int | None) -> InputDevice:
    """The device that `wanted` means (see Microphone). Raises NoMicrophone, naming the known ones."""
    if not devices:
        raise NoMicrophone("No microphone was found: connect one and refresh the list, or open a file instead.")
    if wanted is None:
        return next((device for device in devices if device.is_default), devices[0])
    if isinstance(wanted, int):
        found = [device for device in devices if device.index == wanted]
    else:
        found = [device for device in devices if device.name.casefold() == wanted.casefold()]
        found = found or [device for device in devices if wanted.casefold() in device.name.casefold()]
    known = ", ".join(f"“{device.name}”" for device in devices)
    if not found:
        raise NoMicrophone(f"There is no microphone “{wanted}”: choose one of {known}.")
    if len({device.name for device in found}) > 1:
        raise NoMicrophone(f"More than one microphone matches “{wanted}”: choose one of {known}.")
    return found[0]
