"""Slaney's mel scale and librosa's filter bank on it, without librosa, as a product that costs microseconds."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from audio.front_end import BANDS, BANK_BANDS, FFT_LENGTH, SAMPLE_RATE

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
    """(BANDS, BINS) triangles between edges, each of area 1: what `librosa.filters.mel` gives, whose import takes a
    second.
    """
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
