"""librosa's mel filter bank as a product that costs microseconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.spec import BANDS, FFT_LENGTH, SAMPLE_RATE


class MelBank:
    """128 Slaney triangles over the FFT's bins, with librosa's own weights.

    Only 2 018 of the 131 200 weights are not zero and each band's are neighbours, so a band is the sum over
    one run of weighted bins.

    Making one imports librosa.filters (about a second the first time in a process): make it off the GUI
    thread.
    """

    def __init__(self) -> None:
        from librosa.filters import mel

        bank = mel(sr=SAMPLE_RATE, n_fft=FFT_LENGTH, n_mels=BANDS)  # (bands, bins) float32
        bands, self._bins = np.nonzero(bank)
        self._weights = bank[bands, self._bins].astype(np.float64)
        self._first_of_band = np.searchsorted(bands, np.arange(BANDS))

    @property
    def weight_count(self) -> int:
        """How many weights are not zero: the multiply-adds of one product."""
        return len(self._weights)

    def band_powers(self, power: NDArray[np.float64]) -> NDArray[np.float64]:
        """(FFT_LENGTH / 2 + 1,) power spectrum -> (BANDS,) power in each band."""
        powers: NDArray[np.float64] = np.add.reduceat(self._weights * power[self._bins], self._first_of_band)
        return powers
