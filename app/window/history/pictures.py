"""Sound and answers as pictures, one column for each pixel of the axis below, and how they flow."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from audio import SAMPLE_RATE
from audio.mel import hz_to_mel

# Magma: lightness rises evenly, so that everyone can read it. Between these the colours are interpolated.
MAGMA = ("000004", "1d1147", "51127c", "822681", "b63679", "e65164", "fb8861", "fec287", "fcfdbf")
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


def magma(levels: int = 256) -> list[int]:
    """The colours from quiet to loud as Qt takes them, 0xffrrggbb."""
    anchors = np.array([[int(colour[at : at + 2], 16) for at in (0, 2, 4)] for colour in MAGMA])
    at = np.linspace(0, len(anchors) - 1, levels)
    red, green, blue = (np.interp(at, range(len(anchors)), anchors[:, channel]).round() for channel in range(3))
    colours: list[int] = (0xFF000000 + 65536 * red + 256 * green + blue).astype(np.int64).tolist()
    return colours


def grey(colours: list[int]) -> list[int]:
    """The same as bright as before, without a hue."""
    shades = [(299 * (one >> 16 & 255) + 587 * (one >> 8 & 255) + 114 * (one & 255)) // 1000 for one in colours]
    return [(one & 0xFF000000) + 0x010101 * shade for one, shade in zip(colours, shades, strict=True)]


def sound_picture(decibels: NDArray[np.float32], colours: list[int]) -> QImage:
    """(columns, bands), NaN where nothing was heard -> low tones at the bottom, the loudest in the last colour."""
    heard = np.nan_to_num(decibels, nan=-math.inf)
    top = math.ceil(max(float(heard.max()), LOWEST_TOP_DB) / STEP_DB) * STEP_DB
    shares = np.clip(1 + (heard.T[::-1] - top) / RANGE_DB, 0, 1)
    return indexed((shares * (len(colours) - 1)).astype(np.uint8), colours)


def answers_picture(curve: NDArray[np.float32], rows: int, colours: list[int]) -> QImage:
    """(columns, genres) probabilities, NaN where there are none -> as high as they are probable, in their order."""
    return indexed(stack(curve, rows), [*colours, 0])


def indexed(numbers: NDArray[np.uint8], colours: list[int]) -> QImage:
    """(rows, columns) positions in a table of colours -> a picture."""
    rows, columns = numbers.shape
    made = QImage(np.ascontiguousarray(numbers).tobytes(), columns, rows, columns, QImage.Format.Format_Indexed8)
    made.setColorTable(colours)
    return made.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)  # it owns its pixels, and is drawn quickly


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


def height_of(hz: float, bands: int) -> float:
    """Where a frequency stands in a picture of so many bands, 0..1 from its bottom: band i is centred on mel
    (i + 1) * h, where h is the mel of half the sample rate over bands + 1.
    """
    band_height = hz_to_mel(SAMPLE_RATE / 2) / (bands + 1)
    return float(hz_to_mel(hz) / band_height - 0.5) / bands
