"""Log-mel frames from a stream of samples, each known the moment its last sample has arrived."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audio.melbank import MelBank
from audio.spec import BANDS, FFT_LENGTH, FLOOR_POWER, HOP

BINS = FFT_LENGTH // 2 + 1


def hann_window(length: int) -> NDArray[np.float64]:
    """(length,) the periodic Hann window, the one for spectra."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


class StreamingLogMel:
    """Samples at SAMPLE_RATE in, log-mel frames in dB out; constant memory.

    Frame i covers samples [i * HOP, i * HOP + FFT_LENGTH): Hann window, power spectrum |FFT|^2, mel bands,
    10 log10(max(power, FLOOR_POWER)). It looks at nothing else, neither later samples nor the clip's maximum.
    Frames are computed one at a time in float64 by the same code, so how the samples are cut into pushes
    does not change a single bit.
    """

    def __init__(self) -> None:
        self._bank = MelBank()
        self._window = hann_window(FFT_LENGTH)
        self._frame_samples = np.zeros(FFT_LENGTH)
        self._filled = 0

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples -> (k, BANDS) float32 dB, the frames that they complete; k may be 0."""
        frames: list[NDArray[np.float64]] = []
        taken = 0
        while taken < len(samples):
            count = min(len(samples) - taken, FFT_LENGTH - self._filled)
            self._frame_samples[self._filled : self._filled + count] = samples[taken : taken + count]
            self._filled += count
            taken += count
            if self._filled == FFT_LENGTH:
                frames.append(self._frame())
                self._filled = FFT_LENGTH - HOP
                self._frame_samples[: self._filled] = self._frame_samples[HOP:]
        return np.array(frames, dtype=np.float32).reshape(-1, BANDS)

    def _frame(self) -> NDArray[np.float64]:
        spectrum = np.fft.rfft(self._window * self._frame_samples)
        power = spectrum.real**2 + spectrum.imag**2
        return 10 * np.log10(np.maximum(self._bank.band_powers(power), FLOOR_POWER))

    def frame_flops(self) -> int:
        """Floating point operations of one frame, in closed form; a multiply-add is 2, a logarithm 1.

        Window: one multiplication per sample. Real FFT of N points: 2.5 N log2 N, half the usual 5 N log2 N
        of the complex one. Power: 3 per bin. Bands: 2 per weight that is not zero. Decibels: maximum,
        logarithm, multiplication per band.
        """
        transform = FFT_LENGTH * int(math.log2(FFT_LENGTH)) * 5 // 2
        return FFT_LENGTH + transform + 3 * BINS + 2 * self._bank.weight_count + 3 * BANDS
