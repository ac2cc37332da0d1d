"""Half the sample rate with almost no transition band: what lets the top mel bands survive resampling."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


class HalfBandDecimator:
    """Keeps every second sample behind a linear-phase low-pass, as a stream.

    A half-band filter: -6 dB at a quarter of the input rate, flat to `transition` / 2 below it, `attenuation`
    dB down from `transition` / 2 above it. Kaiser's formulas give its length. Every second tap but the middle
    one is zero, so the samples of even index are only halved and delayed and those of odd index are
    convolved. Output k is centred on input 2k: no shift in time, and the wait is half the filter's length.
    """

    def __init__(self, input_rate: float, transition: float, attenuation: float) -> None:
        """All three fix the filter: `input_rate` and `transition` in Hz, `attenuation` in dB."""
        width = 2 * math.pi * transition / input_rate
        pairs = math.ceil((attenuation - 7.95) / (2.285 * width) / 4)
        beta = 0.1102 * (attenuation - 8.7)
        offsets = np.arange(-2 * pairs + 1, 2 * pairs, 2)  # odd distances from the middle tap, both sides
        window = np.i0(beta * np.sqrt(1 - (offsets / (2 * pairs)) ** 2))
        taps = np.sinc(offsets / 2) * window
        # They sum to 1/2, and the middle tap is 1/2: the gain at 0 Hz is 1.
        self._odd_taps = (taps / (2 * taps.sum())).astype(np.float32)
        self._reach = 2 * pairs - 1  # samples needed on either side of an output's centre
        # Silence before the first sample; its length is odd, so buffer[0] is always a sample of odd index.
        self._buffer = np.zeros(self._reach, np.float32)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples -> the outputs that they complete, about n / 2."""
        self._buffer = np.concatenate([self._buffer, samples])
        count = (len(self._buffer) - 2 * self._reach - 1) // 2 + 1
        if count <= 0:
            return np.zeros(0, np.float32)
        odd = self._buffer[: 2 * (count + self._reach) : 2]
        centres = self._buffer[self._reach : self._reach + 2 * count : 2]
        outputs: NDArray[np.float32] = np.convolve(odd, self._odd_taps, "valid") + np.float32(0.5) * centres
        self._buffer = self._buffer[2 * count :]
        return outputs

    def finish(self) -> NDArray[np.float32]:
        """The outputs still held back, as if silence followed."""
        return self.push(np.zeros(self._reach, np.float32))
