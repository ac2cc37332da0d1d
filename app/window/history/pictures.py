"""Sound and answers as pictures, one column for each pixel of the axis below, and how they flow."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audio import BANDS, SAMPLE_RATE
from audio.front_end import BANK_BANDS
from audio.logmel import hz_to_mel

RANGE_DB = 78.0  # from the darkest colour to the brightest
STEP_DB = 6.0  # the brightest colour moves in these steps, so that it does not flicker
LOWEST_TOP_DB = -18.0  # below this it stays dark: silence (-100 dB) must look like silence
SLACK = 4  # frames: the picture may lag this far behind, to flow evenly


class Flow:
    """`edge` is where the picture's right edge is, in frames since the session began."""

    def __init__(self) -> None:
        self.edge = 0.0

    def advance(self, written: int, frames: float) -> None:
        """Go on by the time of `frames` frames, about one behind the newest."""
        behind = written - self.edge
        self.edge += frames * (1 + 0.4 * (behind - 1))
        self.edge = min(max(self.edge, written - SLACK), written)


def grey(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, 3 or 4) the same as bright as before, without a hue."""
    made = colours.copy()
    made[:, :3] = (colours[:, :3] @ (0.299, 0.587, 0.114))[:, None]
    return made


def levels(decibels: NDArray[np.float32]) -> tuple[float, float]:
    """(columns, bands), NaN where nothing was heard -> dB of the darkest colour and of the brightest."""
    top = math.ceil(max(float(np.nan_to_num(decibels, nan=-math.inf).max()), LOWEST_TOP_DB) / STEP_DB) * STEP_DB
    return top - RANGE_DB, top


def stack(curve: NDArray[np.float32], rows: int) -> NDArray[np.uint8]:
    """(columns, genres) probabilities, NaN for none -> (rows, columns) which genre is where, the first one on top;
    one more than there are where nothing is.
    """
    genres = curve.shape[1]
    edges = np.cumsum(np.nan_to_num(curve), axis=1)  # lower edge of each genre, from the top
    middles = (np.arange(rows, dtype=np.float32) + 0.5)[:, None] / rows
    stacked = np.zeros((rows, len(curve)), dtype=np.uint8)
    for edge in edges.T[:-1]:
        stacked += middles >= edge
    stacked[:, np.isnan(curve[:, 0])] = genres
    return stacked


def height_of(hz: float) -> float:
    """Where a frequency stands in the picture of all bands, 0..1 from its bottom: band i is centred on mel (i + 1) * h,
    where h is the mel of half the sample rate over BANK_BANDS + 1.
    """
    band_height = hz_to_mel(SAMPLE_RATE / 2) / (BANK_BANDS + 1)
    return float(hz_to_mel(hz) / band_height - 0.5) / BANDS
