"""Many frames that FFmpeg decoded, made one array: nothing but FFmpeg touches each of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from audio.front_end import Samples
from audio.source import Mixer

# By FFmpeg's names for sample types, which end in p where every channel lies by itself: numpy's, and full scale.
SAMPLE_TYPES = {"u8": ("u1", 2**7), "s16": ("i2", 2**15), "s32": ("i4", 2**31), "flt": ("f4", 1), "dbl": ("f8", 1)}
MOST_PLANES = 7  # PyAV reads beyond its memory from 8 planes on


class Run:
    """Decoded frames of one form, gathered: joined, converted and mixed many at once.

    waiting: how many samples can be taken. stretch: samples that are taken out, for each that comes in.
    """

    def __init__(self, frame: Any, rate: int, mixer: Mixer) -> None:
        """For frames like this one; `rate` in Hz is that of what is taken out."""
        import av

        kind, self._channels = frame.format.name, frame.layout.nb_channels
        self.waiting, self.stretch = 0, rate / frame.sample_rate
        self._mixer = mixer
        self._frames = av.AudioFifo()
        self._resampler: Any = None
        many_planes = kind.endswith("p") and self._channels > MOST_PLANES
        if frame.sample_rate != rate or many_planes or kind.removesuffix("p") not in SAMPLE_TYPES:
            self._resampler = av.AudioResampler(format="flt", rate=rate)

    def add(self, frame: Any) -> bool:
        """Whether it has the same form; only then it is in."""
        if frame.layout.nb_channels != self._channels:
            return False
        frame.pts = None  # the queue would look for gaps in it too
        try:
            self._frames.write(frame)
        except ValueError:  # another sample type or rate
            return False
        self.waiting += frame.samples
        return True

    def take(self, last: bool = False) -> Samples:
        """(n,) mono of what has been added since; all of it, where no more is added."""
        self.waiting = 0
        frame = self._frames.read()
        if self._resampler is None:
            return np.zeros(0, np.float32) if frame is None else self._mono(frame)
        frames = [] if frame is None else self._resampler.resample(frame)
        frames += self._resampler.resample(None) if last else []
        return np.concatenate([np.zeros(0, np.float32), *map(self._mono, frames)])

    def _mono(self, frame: Any) -> Samples:
        kind, channels, count = frame.format.name, frame.layout.nb_channels, frame.samples
        dtype, full_scale = SAMPLE_TYPES[kind.removesuffix("p")]
        if kind.endswith("p"):
            samples = np.array([np.frombuffer(plane, dtype, count) for plane in frame.planes]).T
        else:
            samples = np.frombuffer(frame.planes[0], dtype, count * channels).reshape(count, channels)
        mono = self._mixer.mix(samples)
        if dtype == "u1":
            mono -= full_scale
        if full_scale != 1:
            mono *= np.float32(1 / full_scale)
        return mono
