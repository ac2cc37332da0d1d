"""Log-mel frames from a stream of samples, each known the moment its last sample has arrived."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audio.front_end import FrontEnd
from audio.logmel_tables import hann_window
from audio.melbank import BINS, MelBank
from audio.sample_buffer import SampleBuffer
from audio.spans import spans
from audio.spec import BANDS, FFT_LENGTH, FLOOR_POWER, HOP

FRAMES_AT_ONCE = 16  # their spectra fit in the processor's cache


class StreamingLogMel:
    """Samples at SAMPLE_RATE in, log-mel frames in dB out; constant memory.

    Frame i covers samples [i * HOP, i * HOP + FFT_LENGTH): Hann window, power spectrum |FFT|^2, mel bands,
    10 log10(max(power, FLOOR_POWER)). It looks at nothing else, neither later samples nor the clip's maximum.
    Frames are computed in float64, several at once where several are complete, each by operations of its own, so how
    the samples are cut into pushes does not change a single bit. What numpy computes and what `front_end` may have
    compiled differ by less than 1e-4 dB.
    """

    def __init__(self, front_end: FrontEnd | None = None) -> None:
        self._front_end = front_end or FrontEnd()
        self._compiled = self._front_end.compiled_frames()
        self._bank = MelBank()
        self._window = hann_window(FFT_LENGTH)
        self._waiting = SampleBuffer(3 * FFT_LENGTH, self._front_end)  # from the next frame's first sample on

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples -> (k, BANDS) float32 dB, the frames that they complete; k may be 0."""
        waiting = self._waiting
        waiting.append(samples)
        count = max(0, (len(waiting) - FFT_LENGTH) // HOP + 1)
        frames = np.empty((count, BANDS), np.float32)
        if count:
            self._compute(waiting.samples, frames)
            waiting.drop(count * HOP)
        return frames

    def _compute(self, samples: NDArray[np.float32], frames: NDArray[np.float32]) -> None:
        """samples from the first one of the first frame on -> frames (T, BANDS)."""
        if self._compiled is None:
            self._compiled = self._front_end.compiled_frames()
        if self._compiled is not None:
            self._compiled(samples, frames)
            return
        for first in range(0, len(frames), FRAMES_AT_ONCE):
            some = frames[first : first + FRAMES_AT_ONCE]
            some[:] = self._decibels(spans(samples[first * HOP :], len(some), FFT_LENGTH, HOP))

    @property
    def wanted(self) -> int:
        """Samples that the next frame lacks."""
        return FFT_LENGTH - len(self._waiting)

    def _decibels(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """(T, FFT_LENGTH) samples -> (T, BANDS)."""
        spectra = np.fft.rfft(self._window * samples)
        powers = self._bank.band_powers(spectra.real**2 + spectra.imag**2)
        decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(powers, FLOOR_POWER))
        return decibels

    def frame_flops(self) -> int:
        """Floating point operations of one frame, in closed form; a multiply-add is 2, a logarithm 1.

        Window: one multiplication per sample. Real FFT of N points: 2.5 N log2 N, half the usual 5 N log2 N
        of the complex one. Power: 3 per bin. Bands: 2 per weight that is not zero. Decibels: maximum,
        logarithm, multiplication per band.
        """
        transform = FFT_LENGTH * int(math.log2(FFT_LENGTH)) * 5 // 2
        return FFT_LENGTH + transform + 3 * BINS + 2 * self._bank.weight_count + 3 * BANDS
