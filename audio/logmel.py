"""Log-mel frames from a stream of samples, each known the moment its last sample has arrived."""

from __future__ import annotations

import math

import numpy as np

from audio.front_end import BANDS, FFT_LENGTH, FLOOR_POWER, HOP, Samples
from audio.mel import BINS, MelBank, band_edges

FRAMES_AT_ONCE = 16  # their spectra fit in the processor's cache
HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_LENGTH) / FFT_LENGTH)  # periodic, the one for spectra


class StreamingLogMel:
    """Samples at SAMPLE_RATE in, log-mel frames in dB out; constant memory.

    Frame i covers samples [i * HOP, i * HOP + FFT_LENGTH): their mean under a Hann window taken off, Hann window, power
    spectrum |FFT|^2, mel bands, 10 log10(max(power, FLOOR_POWER)). It looks at nothing else, neither later samples nor
    the clip's maximum.
    The mean is taken off so that a steady offset, which cheap converters add, changes nothing. A Hann window has
    nothing but bins 0 and +-1, the latter -1/2 of the former: so this empties bin 0 and adds half of it to bin 1, and
    only the lowest band, up to 52 Hz, can tell: by 0.02 dB in the median on music.
    Frames are computed in float64, several at once where several are complete, each by operations of its own, so how
    the samples are cut into pushes does not change a single bit.
    """

    def __init__(self) -> None:
        self._bank = MelBank()
        self._waiting = np.zeros(0, np.float32)  # from the next frame's first sample on

    def push(self, samples: Samples) -> Samples:
        """(n,) samples -> (k, BANDS) float32 dB, the frames that they complete; k may be 0."""
        waiting = np.concatenate([self._waiting, samples])
        count = max(0, (len(waiting) - FFT_LENGTH) // HOP + 1)
        self._waiting = waiting[count * HOP :]
        frames = np.empty((count, BANDS), np.float32)
        if not count:
            return frames
        for first in range(0, count, FRAMES_AT_ONCE):
            part = slice(first, min(first + FRAMES_AT_ONCE, count))
            # Slices: between two frames the caches go cold, and sliding_window_view takes as long as all the rest.
            pieces = [waiting[index * HOP : index * HOP + FFT_LENGTH] for index in range(part.start, part.stop)]
            spectra = np.fft.rfft(HANN * pieces)
            spectra[:, 1] += spectra[:, 0] / 2
            spectra[:, 0] = 0
            powers = self._bank.band_powers(spectra.real**2 + spectra.imag**2)
            frames[part] = 10 * np.log10(np.maximum(powers, FLOOR_POWER))
        return frames


def frame_flops() -> int:
    """Floating point operations of one frame, in closed form; a multiply-add is 2, a logarithm 1.

    Window: one multiplication per sample. Real FFT of N points: 2.5 N log2 N, half the usual 5 N log2 N of the complex
    one. Offset: 2. Power: 3 per bin. Bands: 2 per weight that is not zero. Decibels: maximum, logarithm, multiplication
    per band.
    """
    transform = FFT_LENGTH * int(math.log2(FFT_LENGTH)) * 5 // 2
    return FFT_LENGTH + transform + 2 + 3 * BINS + 2 * MelBank().weight_count + 3 * BANDS


def frame_levels(log_mels: Samples) -> Samples:
    """(T, BANDS) dB -> (T,) dBFS RMS of the samples in each frame, from the power in their bands.

    Each band counts as wide as it is, so that neighbours share what lies between them. What lies below the middle of
    the first band (26 Hz) or above that of the last (8.7 kHz) counts less, and a steady offset nothing.
    """
    edges = band_edges()
    widths = ((edges[2:] - edges[:-2]) / 2).astype(np.float32)
    squares = np.exp(log_mels * np.float32(math.log(10) / 10)) @ widths
    # By Parseval's theorem; the mean of a squared Hann window is 3/8, and half of the spectrum is not computed.
    levels: Samples = 10 * np.log10(squares * np.float32(2 / (3 / 8 * FFT_LENGTH**2)))
    return levels
