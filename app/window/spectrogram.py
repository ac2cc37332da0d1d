"""The sound as the model hears it: log-mel frames flowing from right to left."""

from __future__ import annotations

import librosa
import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QWidget

from app.window.axes import SecondsAxis, dress_axes, frequency_axis
from app.window.panel import PADDING, Panel
from app.window.picture import COLOURS, ScrollingPicture
from app.window.reading import Reading
from app.window.theme import Theme

BANDS = 128
TIP = (
    "Loudness in 128 mel bands, low tones at the bottom, bright is loud. The picture is as long as the model's memory: "
    "what leaves on the left, the model has forgotten."
)


class SpectrogramPanel(Panel):
    """The picture with its axes: seconds before now, and Hz on the mel scale."""

    def __init__(
        self, parent: QWidget, theme: Theme, window_seconds: float, frame_seconds: float, highest_frequency: float
    ) -> None:
        super().__init__(parent, theme, "What the model hears")
        self.note = Reading(self, theme, "faint", 13, align=Qt.AlignmentFlag.AlignRight)
        self.note.show_text(f"log-mel, {BANDS} bands, the last {window_seconds:.0f} s")
        # Band i is centred on mel (i + 1) * band_height: its row of the picture must be, too.
        band_height = float(librosa.hz_to_mel(highest_frequency)) / (BANDS + 1)
        bottom, seconds = band_height / 2, max(1, round(window_seconds))
        self.picture = ScrollingPicture(seconds, frame_seconds, BANDS, bottom, band_height)
        self._axes = {"bottom": SecondsAxis("bottom"), "left": frequency_axis()}
        self.plot = pyqtgraph.PlotWidget(self, background=None, axisItems=self._axes, useOpenGL=False)
        make_still(self.plot)
        self.plot.setObjectName("spectrogram")
        self.plot.setAccessibleName("Spectrogram")
        self.plot.setAccessibleDescription(TIP)
        self.plot.getPlotItem().setToolTip(TIP)
        self.plot.addItem(self.picture.item, ignoreBounds=True)
        view = self.plot.getViewBox()
        view.setBackgroundColor(pyqtgraph.colormap.get(COLOURS).map(0.0, mode="qcolor"))
        view.setRange(xRange=(-seconds, 0), yRange=(bottom, bottom + BANDS * band_height), padding=0)

    def reset(self) -> None:
        """Nothing has been heard."""
        self.picture.clear()

    def push(self, frames: NDArray[np.float32]) -> None:
        """Append (k, 128) frames in dB."""
        self.picture.push(frames)

    def advance(self, seconds: float) -> None:
        """Let the picture flow on."""
        self.picture.advance(seconds)

    def arrange(self, inside: QRect) -> None:
        self.note.place(self.scale, self.beside_title())
        # The plot may use the padding on its right, where the label of its last tick reaches to.
        margin = self.px(PADDING)
        self.plot.setBackground(self.theme.colour("panel"))
        self.plot.setGeometry(inside.adjusted(0, 0, margin, 0))
        self.plot.getPlotItem().layout.setContentsMargins(0, 0, margin, 0)
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
