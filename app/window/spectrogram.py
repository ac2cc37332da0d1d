"""The sound as the model hears it: log-mel frames flowing from right to left."""

from __future__ import annotations

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen
from PySide6.QtWidgets import QFrame, QGraphicsRectItem, QWidget

from app.window import words
from app.window.axes import SecondsAxis, dress_axes, frequency_axis
from app.window.panel import PADDING, Panel
from app.window.picture import COLOURS, ScrollingPicture
from app.window.reading import Reading
from app.window.theme import Theme
from audio.mel import hz_to_mel

BANDS = 128
MARGIN = 0.12  # of the window is shown before it: what the model has just forgotten
VEIL = 0.62  # opacity over what is forgotten
TIP = (
    "Loudness in 128 mel bands, low tones at the bottom, bright is loud. The bright part is the model's window, all "
    "that it remembers; what has passed its left edge it has forgotten."
)


class SpectrogramPanel(Panel):
    """The picture with its axes: seconds before now, and Hz on the mel scale."""

    def __init__(
        self, parent: QWidget, theme: Theme, window_seconds: float, frame_seconds: float, highest_frequency: float
    ) -> None:
        super().__init__(parent, theme, "What the model hears")
        self.note = Reading(self, theme, "faint", 12, align=Qt.AlignmentFlag.AlignRight)
        # Band i is centred on mel (i + 1) * band_height: its row of the picture must be, too.
        band_height = hz_to_mel(highest_frequency) / (BANDS + 1)
        self._bottom, self._height = band_height / 2, BANDS * band_height
        self.picture = ScrollingPicture(window_seconds, frame_seconds, BANDS, self._bottom, band_height)
        self._seconds_axis = SecondsAxis("bottom")
        self._axes = {"bottom": self._seconds_axis, "left": frequency_axis()}
        self.plot = pyqtgraph.PlotWidget(self, background=None, axisItems=self._axes, useOpenGL=False)
        make_still(self.plot)
        self.plot.setObjectName("spectrogram")
        self.plot.setAccessibleName("Spectrogram")
        self.plot.setAccessibleDescription(TIP)
        self.plot.getPlotItem().setToolTip(TIP)
        self.plot.addItem(self.picture.item, ignoreBounds=True)
        self.forgotten = QGraphicsRectItem()
        self.plot.addItem(self.forgotten, ignoreBounds=True)
        darkest = pyqtgraph.colormap.get(COLOURS).map(0.0, mode="qcolor")
        self.plot.getViewBox().setBackgroundColor(darkest)
        darkest.setAlphaF(VEIL)
        self.forgotten.setBrush(QBrush(darkest))
        self.window_seconds = 0.0
        self.show_window(window_seconds)

    def show_window(self, seconds: float) -> None:
        """The model remembers so much: show that, and a little of what lies before."""
        if seconds == self.window_seconds:
            return
        self.window_seconds = seconds
        shown = seconds * (1 + MARGIN)
        self.note.show_text(f"log-mel, window {words.window_length(seconds)}")
        self.picture.show_seconds(shown)
        # The margin may be wider than the axis: the view cuts it.
        self.forgotten.setRect(QRectF(-10 * seconds, self._bottom - 1, 9 * seconds, self._height + 2))
        view = self.plot.getViewBox()
        view.setRange(xRange=(-shown, 0), yRange=(self._bottom, self._bottom + self._height), padding=0)

    def reset(self) -> None:
        """Nothing has been heard."""
        self.picture.clear()

    def push(self, frames: NDArray[np.float32]) -> None:
        """Append (k, 128) frames in dB."""
        self.picture.push(frames)

    def look_at(self, frames: int | None, moment: str = "") -> None:
        """Show what had been heard after so many frames, at this time as a clock says it; None goes back to live."""
        self.picture.hold(frames)
        end = "now" if frames is None else moment
        if end != self._seconds_axis.end:
            self._seconds_axis.end = end
            self._seconds_axis.picture = None  # drawn again with the next painting
            self._seconds_axis.update()

    def advance(self, seconds: float) -> None:
        """Let the picture flow on."""
        self.picture.advance(seconds)

    def arrange(self, inside: QRect) -> None:
        self.note.place(self.scale, self.beside_title())
        # The plot may use the padding on its right, where the label of its last tick reaches to.
        margin = self.px(PADDING)
        self.plot.setGeometry(inside.adjusted(0, 0, margin, 0))
        self.plot.getPlotItem().layout.setContentsMargins(0, 0, margin, 0)
        self.plot.setBackground(self.theme.colour("panel"))
        edge = QPen(self.theme.colour("accent"), max(1.0, 1.5 * self.scale))
        edge.setCosmetic(True)
        self.forgotten.setPen(edge)
        dress_axes(self._axes["bottom"], self._axes["left"], self.theme, self.scale)


def make_still(plot: pyqtgraph.PlotWidget) -> None:
    """A plot that is only looked at: no menu, no button, no zoom, no focus; what is dropped goes to the window."""
    plot.setMouseEnabled(x=False, y=False)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setFrameShape(QFrame.Shape.NoFrame)
    plot.viewport().setAcceptDrops(False)
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
