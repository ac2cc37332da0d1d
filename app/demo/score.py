"""A piece while it is put together: sounds laid onto a line of time, then given a room and a level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.demo.instruments import SAMPLE_RATE, Sound, moments

RMS_DBFS = -20.0  # of every piece: no style is louder than another
LARGEST_PEAK = 0.9
EDGE_SECONDS = 0.02


class Score:
    """`beat` is the length of one in seconds; moments are counted in beats from the beginning."""

    def __init__(self, beats: float, beats_per_minute: float, tail: float = 0.8) -> None:
        self.beat = 60.0 / beats_per_minute
        self._samples = np.zeros(round((beats * self.beat + tail) * SAMPLE_RATE))

    def lay(self, beat: float, sound: Sound, gain: float = 1.0) -> None:
        """Add a sound; what reaches over the end is cut."""
        begin = round(beat * self.beat * SAMPLE_RATE)
        room = self._samples[begin : begin + len(sound)]
        room += gain * sound[: len(room)]

    def finish(self, random: np.random.Generator, room_seconds: float, wet: float) -> NDArray[np.float32]:
        """(n,) float32: with so much of a room that rings so long, at the common level, its edges soft."""
        dry = self._samples
        time = moments(room_seconds)
        echo = random.normal(size=len(time)) * np.exp(-6.9 / room_seconds * time) * (time > 0.012)
        length = 1 << (len(dry) + len(echo)).bit_length()
        ringing = np.fft.irfft(np.fft.rfft(dry, length) * np.fft.rfft(echo, length), length)[: len(dry)]
        mixed = dry / rms(dry) + wet * ringing / max(rms(ringing), 1e-9)
        level = 10 ** (RMS_DBFS / 20)
        limited = LARGEST_PEAK * np.tanh(level * mixed / rms(mixed) / LARGEST_PEAK)
        edge = np.minimum(1.0, np.arange(len(dry)) / (EDGE_SECONDS * SAMPLE_RATE))
        made: NDArray[np.float32] = (limited * edge * edge[::-1]).astype(np.float32)
        return made


def rms(sound: Sound) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(sound**2)))
