"""Any sample rate into SAMPLE_RATE, as a stream."""

from __future__ import annotations

import math

import numpy as np

from audio.filters import HalfBandDecimator, PolyphaseResampler
from audio.front_end import FrontEnd, Samples
from audio.spec import FFT_LENGTH, HOP, SAMPLE_RATE

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
        self._to_doubled: PolyphaseResampler | _Soxr | None = None
        self._to_half: HalfBandDecimator | None = None  # None: the rates are equal
        if from_rate not in (SAMPLE_RATE, DOUBLED):
            self._to_doubled = _to_doubled(from_rate, front_end)
        if from_rate != SAMPLE_RATE:
            self._to_half = HalfBandDecimator(DOUBLED, TRANSITION, STOP_BAND, HOP, FFT_LENGTH % HOP, front_end)

    def push(self, samples: Samples) -> Samples:
        """(n,) samples at `from_rate` -> (k,) samples at SAMPLE_RATE; k may be 0."""
        if self._to_half is None:
            return samples
        return self._to_half.push(samples if self._to_doubled is None else self._to_doubled.push(samples))

    def wanted(self, outputs: int) -> int:
        """How many samples must come, at least, before so many outputs can: with fewer, a push gives none."""
        if self._to_half is None:
            return outputs
        doubled = self._to_half.wanted
        return doubled if self._to_doubled is None else self._to_doubled.wanted(doubled)

    def finish(self) -> Samples:
        """What is still held back when no more samples come. Call it once, last."""
        if self._to_half is None:
            return np.zeros(0, np.float32)
        last = np.zeros(0, np.float32) if self._to_doubled is None else self._to_doubled.finish()
        return np.concatenate([self._to_half.push(last), self._to_half.finish()])


class _Soxr:
    """soxr (HQ) to DOUBLED, like a PolyphaseResampler."""

    def __init__(self, from_rate: int) -> None:
        import soxr

        self._stream = soxr.ResampleStream(from_rate, DOUBLED, 1, dtype="float32", quality="HQ")
        self._ratio = DOUBLED / from_rate
        self._taken = self._made = 0  # samples in, samples out

    def push(self, samples: Samples) -> Samples:
        return self._resample(samples, last=False)

    def wanted(self, outputs: int) -> int:
        return math.floor((self._made + outputs) / self._ratio) - self._taken

    def finish(self) -> Samples:
        return self._resample(np.zeros(0, np.float32), last=True)

    def _resample(self, samples: Samples, last: bool) -> Samples:
        made: Samples = self._stream.resample_chunk(samples, last=last)
        self._taken += len(samples)
        self._made += len(made)
        return made


def _to_doubled(from_rate: int, front_end: FrontEnd | None) -> PolyphaseResampler | _Soxr:
    if from_rate >= 2 * HEARD and DOUBLED // math.gcd(from_rate, DOUBLED) <= MOST_KERNELS:
        return PolyphaseResampler(from_rate, DOUBLED, HEARD, DOUBLED - HEARD, IMAGES, front_end)
    return _Soxr(from_rate)
