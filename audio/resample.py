"""Any sample rate into SAMPLE_RATE, as a stream."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.front_end import FrontEnd
from audio.halfband import HalfBandDecimator
from audio.spec import FFT_LENGTH, HOP, SAMPLE_RATE

TRANSITION = 125.0  # Hz around 11 025 Hz in which the half-band filter falls from 0 to STOP_BAND
STOP_BAND = 80.0  # dB
DOUBLED = 2 * SAMPLE_RATE


class StreamingResampler:
    """`from_rate` Hz -> SAMPLE_RATE, within 0.1 dB in every mel band; the same bits when the rates are equal.

    In two steps: soxr (HQ) to twice SAMPLE_RATE, where the samples do not have that already, then a steep half-band
    filter. soxr alone begins to fall at 0.91 of the new Nyquist frequency, which takes 0.2, 4 and 17 dB from the three
    highest mel bands; at the doubled rate that slope lies above 20 kHz, where there is no band.

    Time stays: output k is the sound at k / SAMPLE_RATE seconds. Outputs come a hop at a time, up to the end of a
    frame, and that comes 20 to 40 ms late from 44 100 Hz up, and up to 150 ms late at 8 000 Hz.
    """

    def __init__(self, from_rate: int, front_end: FrontEnd | None = None) -> None:
        self._identity = from_rate == SAMPLE_RATE
        self._ratio = DOUBLED / from_rate
        self._in = self._doubled = 0  # samples so far: heard, and what soxr made of them
        self._to_doubled: Any = None  # soxr's stream; None: the samples have that rate
        if from_rate not in (SAMPLE_RATE, DOUBLED):
            import soxr

            self._to_doubled = soxr.ResampleStream(from_rate, DOUBLED, 1, dtype="float32", quality="HQ")
        if not self._identity:
            self._to_half = HalfBandDecimator(DOUBLED, TRANSITION, STOP_BAND, HOP, FFT_LENGTH % HOP, front_end)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples at `from_rate` -> (k,) samples at SAMPLE_RATE; k may be 0."""
        if self._identity:
            return samples
        return self._to_half.push(self._double(samples, last=False))

    def wanted(self, outputs: int) -> int:
        """How many samples must come, at least, before so many outputs can: nothing is late that is pushed by then."""
        if self._identity:
            return outputs
        return math.floor((self._doubled + self._to_half.wanted) / self._ratio) - self._in

    def finish(self) -> NDArray[np.float32]:
        """What is still held back when no more samples come. Call it once, last."""
        if self._identity:
            return np.zeros(0, np.float32)
        last = self._double(np.zeros(0, np.float32), last=True)
        return np.concatenate([self._to_half.push(last), self._to_half.finish()])

    def _double(self, samples: NDArray[np.float32], last: bool) -> NDArray[np.float32]:
        doubled = samples if self._to_doubled is None else self._to_doubled.resample_chunk(samples, last=last)
        self._in += len(samples)
        self._doubled += len(doubled)
        return doubled
