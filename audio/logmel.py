"""Log-mel frames from a stream of samples, each known the moment its last sample has arrived.

The filter bank is librosa's on Slaney's mel scale, without librosa, whose import takes a second.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from audio.front_end import BANDS, BANK_BANDS, FFT_LENGTH, FLOOR_POWER, HOP, SAMPLE_RATE, Samples

FRAMES_AT_ONCE = 16  # their spectra fit in the processor's cache
HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_LENGTH) / FFT_LENGTH)  # periodic, the one for spectra

# Auditory Toolbox (1998): a mel is 200 / 3 Hz up to 1 kHz, and from there on a 27th of the way to 6.4 kHz.
HZ_PER_MEL = 200 / 3
KNEE_HZ, KNEE_MEL = 1000.0, 15.0
MELS_PER_OCTAVE_OF_E = 27 / math.log(6.4)

BINS = FFT_LENGTH // 2 + 1


def hz_to_mel(frequency: float) -> float:
    """Hz -> mel, as librosa has it."""
    if frequency < KNEE_HZ:
        return frequency / HZ_PER_MEL
    return KNEE_MEL + MELS_PER_OCTAVE_OF_E * math.log(frequency / KNEE_HZ)


def band_edges() -> NDArray[np.float64]:
    """(BANDS + 2,) Hz, evenly spaced in mel: band b rises from edge b to edge b + 1 and falls to edge b + 2."""
    mels = np.linspace(0.0, hz_to_mel(SAMPLE_RATE / 2), BANK_BANDS + 2)[: BANDS + 2]
    above = KNEE_HZ * np.exp((mels - KNEE_MEL) / MELS_PER_OCTAVE_OF_E)
    edges: NDArray[np.float64] = np.where(mels < KNEE_MEL, HZ_PER_MEL * mels, above)
    return edges


@functools.cache  # milliseconds, which each short file would take again
def slaney_bank() -> NDArray[np.float32]:
    """(BANDS, BINS) triangles between edges, each of area 1: what `librosa.filters.mel` gives."""
    edges = band_edges()[:, None]
    bins = np.fft.rfftfreq(FFT_LENGTH, 1 / SAMPLE_RATE)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    weights: NDArray[np.float32] = (triangles * 2 / (edges[2:] - edges[:-2])).astype(np.float32)
    return weights


class MelBank:
    """The filter bank as sums over neighbouring bins: only 2 018 of its 131 200 weights are not zero.

    Band b + 2 begins where band b ends, so the bands of even number lie side by side over the bins, and those of odd
    number too: two products with the whole spectrum, each summed piece by piece.
    """

    def __init__(self) -> None:
        bank = slaney_bank().astype(np.float64)
        self._halves = [(half.sum(axis=0), (half > 0).argmax(axis=1)) for half in (bank[::2], bank[1::2])]
        self.weight_count = int(np.count_nonzero(bank))  # the multiply-adds of one product

    def band_powers(self, power: NDArray[np.float64]) -> NDArray[np.float64]:
        """(T, BINS) power spectra -> (T, BANDS) power in each band."""
        powers = np.empty((len(power), 2, BANDS // 2))
        for parity, (weights, firsts) in enumerate(self._halves):
            np.add.reduceat(weights * power, firsts, axis=1, out=powers[:, parity])
        return powers.transpose(0, 2, 1).reshape(-1, BANDS)


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
