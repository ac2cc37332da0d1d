"""librosa's mel filter bank, without librosa, as a product that costs microseconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.mel import HZ_PER_MEL, KNEE_HZ, KNEE_MEL, MELS_PER_OCTAVE_OF_E, hz_to_mel
from audio.spec import BANDS, FFT_LENGTH, SAMPLE_RATE

BINS = FFT_LENGTH // 2 + 1


def slaney_bank() -> NDArray[np.float32]:
    """(BANDS, BINS) triangles between neighbours of BANDS + 2 frequencies evenly spaced in mel, each of area 1.

    What `librosa.filters.mel` gives for these numbers. Importing that takes a second, most of it for scipy and numba.
    """
    mels = np.linspace(0.0, hz_to_mel(SAMPLE_RATE / 2), BANDS + 2)
    above = KNEE_HZ * np.exp((mels - KNEE_MEL) / MELS_PER_OCTAVE_OF_E)
    edges = np.where(mels < KNEE_MEL, HZ_PER_MEL * mels, above)[:, None]  # Hz
    bins = np.fft.rfftfreq(FFT_LENGTH, 1 / SAMPLE_RATE)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    weights: NDArray[np.float32] = (triangles * 2 / (edges[2:] - edges[:-2])).astype(np.float32)
    return weights


class MelBank:
    """Of the 131 200 weights only 2 018 are not zero.

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
