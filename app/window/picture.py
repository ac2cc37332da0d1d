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
KEPT_FRAMES = 4700  # 6 minutes: the longest window with a margin before it
MOST_COLUMNS = 900  # of the image; where there are more frames, several share one


class ScrollingPicture:
    """`item` is for a plot whose x is seconds before now, and whose y rises by `band_height` per band.

    Only new frames are coloured anew; between them the image is moved as it is.
    """

    def __init__(self, seconds: float, frame_seconds: float, bands: int, bottom: float, band_height: float) -> None:
        self._frame_seconds = frame_seconds
        self._bottom, self._height = bottom, bands * band_height
        self.ring = FrameRing(KEPT_FRAMES, bands)
        self._shared = 1  # frames in one column
        self._pooled = self.ring  # whole columns
        self._flow = Flow()
        self._held: int | None = None  # the number of frames after which the picture is looked at
        self.item = pyqtgraph.ImageItem(axisOrder="row-major")
        self.item.setColorMap(COLOURS)
        self.show_seconds(seconds)

    def show_seconds(self, seconds: float) -> None:
        """Show the last frames of so long a time."""
        shown = math.ceil(seconds / self._frame_seconds) + SLACK
        self._shared = math.ceil(shown / MOST_COLUMNS)
        self._columns = min(math.ceil(shown / self._shared) + 1, KEPT_FRAMES // self._shared)
        self._pooled = self.ring if self._shared == 1 else FrameRing(KEPT_FRAMES // self._shared, self.ring.bands)
        self._pool()
        self._colour()
        width = self._columns * self._shared * self._frame_seconds
        self.item.setRect(QRectF(-width, self._bottom, width, self._height))
        self._move()

    def _pool(self) -> None:
        """The columns that have become whole: each is the mean of its frames."""
        shared, pooled = self._shared, self._pooled
        fresh = self.ring.written // shared - pooled.written
        if shared > 1 and fresh:
            kept = min(fresh, pooled.columns)
            frames = self.ring.until((pooled.written + fresh) * shared, kept * shared)
            pooled.skip(fresh - kept)
            pooled.push(frames.reshape(len(frames), kept, shared).mean(axis=2).T)

    def clear(self) -> None:
        """Nothing has been heard."""
        self.ring.clear()
        self._pooled.clear()
        self._flow = Flow()
        self._held = None
        self._colour()
        self._move()

    def push(self, frames: NDArray[np.float32]) -> None:
        """Append (k, bands) frames in dB; they flow in from the right with the next ticks."""
        self.ring.push(frames)
        self._pool()
        if self._held is None:
            self._colour()
            self._move()

    def hold(self, frames: int | None) -> None:
        """Show how it was after so many frames, and no longer flow; None goes back to now."""
        if frames != self._held:
            self._held = frames
            self._colour()
            self._move()

    def advance(self, seconds: float) -> None:
        """Let the picture flow on."""
        if self._flow.advance(self.ring.written, seconds / self._frame_seconds) and self._held is None:
            self._move()

    @property
    def _end(self) -> int:
        """How many whole columns there were at the moment that is shown."""
        return (self.ring.written if self._held is None else self._held) // self._shared

    def _colour(self) -> None:
        frames = self._pooled.until(self._end, self._columns)
        loudest = max(float(frames.max()), LOWEST_TOP_DB)
        top = math.ceil(loudest / STEP_DB) * STEP_DB
        self.item.setImage(frames, autoLevels=False, levels=(top - RANGE_DB, top))

    def _move(self) -> None:
        edge = self._flow.edge if self._held is None else self._held
        self.item.setPos((self._end * self._shared - edge) * self._frame_seconds, 0)
