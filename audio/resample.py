"""Any sample rate into SAMPLE_RATE, as a stream."""

from __future__ import annotations

import math

import numpy as np

from audio.filters import HalfBandDecimator, PolyphaseResampler
from audio.front_end import FFT_LENGTH, HOP, SAMPLE_RATE, FrontEnd, Samples

DOUBLED = 2 * SAMPLE_RATE
TRANSITION = 125.0  # Hz around 11 025 Hz in which the half-band filter falls from 0 to STOP_BAND
STOP_BAND = 80.0  # dB
HEARD = (SAMPLE_RATE + TRANSITION) / 2  # Hz, above which the half-band filter leaves nothing
IMAGES = 100.0  # dB down is what resampling to DOUBLED may add below HEARD
MOST_KERNELS = 1000  # of one polyphase filter


class StreamingResampler:
    """`from_rate` Hz -> SAMPLE_RATE, within 0.1 dB in every mel band; the same bits when the rates are equal.

    In two steps: to twice SAMPLE_RATE, where the samples do not have that already, then a steep half-band filter. The
    first step may be coarse above HEARD, and a few taps do it. Only rates below 2 HEARD want a steep one, and those
    that have little in common with ours too many kernels: for these there is soxr (HQ). soxr alone would begin to fall
    at 0.91 of the new Nyquist frequency, which takes 0.2, 4 and 17 dB from the three highest mel bands.

    Time stays: output k is the sound at k / SAMPLE_RATE seconds. Outputs come a hop at a time, up to the end of a
    frame, and that comes 20 ms late from 22 175 Hz up, and up to 150 ms late at 8 000 Hz.
    """

    def __init__(self, from_rate: int, front_end: FrontEnd | None = None) -> None:
        self._steps: list[PolyphaseResampler | _Soxr | HalfBandDecimator] = []  # none: the rates are equal
        if from_rate not in (SAMPLE_RATE, DOUBLED):
            few_kernels = DOUBLED // math.gcd(from_rate, DOUBLED) <= MOST_KERNELS
            self._steps.append(
                PolyphaseResampler(from_rate, DOUBLED, HEARD, DOUBLED - HEARD, IMAGES, front_end)
                if from_rate >= 2 * HEARD and few_kernels
                else _Soxr(from_rate)
            )
        if from_rate != SAMPLE_RATE:
            self._steps.append(HalfBandDecimator(DOUBLED, TRANSITION, STOP_BAND, HOP, FFT_LENGTH % HOP, front_end))

    def push(self, samples: Samples) -> Samples:
        """(n,) samples at `from_rate` -> (k,) samples at SAMPLE_RATE; k may be 0."""
        for step in self._steps:
            samples = step.push(samples)
        return samples

    def finish(self) -> Samples:
        """What is still held back when no more samples come. Call it once, last."""
        samples = np.zeros(0, np.float32)
        for step in self._steps:
            samples = np.concatenate([step.push(samples), step.finish()])
        return samples


class _Soxr:
    """soxr (HQ) to DOUBLED, like a PolyphaseResampler."""

    def __init__(self, from_rate: int) -> None:
        import soxr

        self._stream = soxr.ResampleStream(from_rate, DOUBLED, 1, dtype="float32", quality="HQ")

    def push(self, samples: Samples, last: bool = False) -> Samples:
        """(n,) samples -> all outputs that they complete."""
        made: Samples = self._stream.resample_chunk(samples, last=last)
        return made

    def finish(self) -> Samples:
        """The outputs up to the end of the sound."""
        return self.push(np.zeros(0, np.float32), last=True)
