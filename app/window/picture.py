"""The scrolling picture of the frames: an image of the last ones, moved a little on every tick."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from app.window.flow import SLACK, Flow
from app.window.frame_ring import FrameRing

COLOURS = "magma"  # lightness rises evenly, so that everyone can read it
RANGE_DB = 78.0  # from the darkest colour to the brightest
STEP_DB = 6.0  # the brightest colour moves in these steps, so that it does not flicker
LOWEST_TOP_DB = -18.0  # below this it stays dark: silence (-100 dB) must look like silence


class ScrollingPicture:
    """`item` is for a plot whose x is seconds before now, and whose y rises by `band_height` per band.

    Only new frames are coloured anew; between them the image is moved as it is.
    """

    def __init__(self, seconds: float, frame_seconds: float, bands: int, bottom: float, band_height: float) -> None:
        self._frame_seconds = frame_seconds
        self.ring = FrameRing(math.ceil(seconds / frame_seconds) + SLACK, bands)
        self._flow = Flow()
        self.item = pyqtgraph.ImageItem(axisOrder="row-major")
        self.item.setColorMap(COLOURS)
        self._colour()
        width = self.ring.columns * frame_seconds
        self.item.setRect(QRectF(-width, bottom, width, bands * band_height))

    def clear(self) -> None:
        """Nothing has been heard."""
        self.ring.clear()
        self._flow = Flow()
        self._colour()
        self._move()

    def push(self, frames: NDArray[np.float32]) -> None:
        """Append (k, bands) frames in dB; they flow in from the right with the next ticks."""
        self.ring.push(frames)
        self._colour()
        self._move()

    def advance(self, seconds: float) -> None:
        """Let the picture flow on."""
        if self._flow.advance(self.ring.written, seconds / self._frame_seconds):
            self._move()

    def _colour(self) -> None:
        decibels = self.ring.decibels
        loudest = max(float(decibels.max()), LOWEST_TOP_DB)
        top = math.ceil(loudest / STEP_DB) * STEP_DB
        self.item.setImage(decibels, autoLevels=False, levels=(top - RANGE_DB, top))

    def _move(self) -> None:
        self.item.setPos((self.ring.written - self._flow.edge) * self._frame_seconds, 0)
