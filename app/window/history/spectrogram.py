"""The sound as the model hears it: log-mel frames flowing from right to left."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QFrame, QGraphicsRectItem, QWidget

from app.stream.frames import RING_FRAMES, FrameRing
from app.window import words
from app.window.theme import Theme, font
from app.window.widgets import PADDING, RIGHT, Panel, Reading
from audio import FRAME_SECONDS, SAMPLE_RATE
from audio.mel import hz_to_mel

SLACK = 4  # frames: the picture may lag this far behind, to flow evenly
# Where there is little height the later ones are left out.
FREQUENCIES = ((500, 2000, 8000), (1000, 4000), (250,))  # Hz
# (labels so far, share of the length they may take): the mel scale brings 250 Hz close to 500 Hz.
FREQUENCY_DENSITY = [(0, 0.6), (5, 0.36)]
SPACINGS = (1, 2, 5, 10, 20, 30, 60, 120)  # seconds
MOST_LABELS = 4
COLOURS = "magma"  # lightness rises evenly, so that everyone can read it
RANGE_DB = 78.0  # from the darkest colour to the brightest
STEP_DB = 6.0  # the brightest colour moves in these steps, so that it does not flicker
LOWEST_TOP_DB = -18.0  # below this it stays dark: silence (-100 dB) must look like silence
MOST_COLUMNS = 900  # of the image; where there are more frames, several share one
BANDS = 128
MARGIN = 0.12  # of the window is shown before it: what the model has just forgotten
VEIL = 0.62  # opacity over what is forgotten
TIP = (
    "Loudness in 128 mel bands, low tones at the bottom, bright is loud. The bright part is the model's window, all "
    "that it remembers; what has passed its left edge it has forgotten."
)


class Flow:
    """`edge` is where the picture's right edge is, in frames since the run began."""

    def __init__(self) -> None:
        self.edge = 0.0

    def advance(self, written: int, frames: float) -> bool:
        """Go on by the time of `frames` frames, about one behind the newest; False when nothing moved."""
        before = self.edge
        behind = written - self.edge
        self.edge += frames * (1 + 0.4 * (behind - 1))
        self.edge = min(max(self.edge, written - SLACK), written)
        return self.edge != before


class SecondsAxis(pyqtgraph.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Ends in "now", or in the moment that is looked at."""

    end = "now"

    def tickSpacing(self, low: float, high: float, _size: float) -> list[tuple[float, float]]:  # noqa: N802
        """Seconds between labelled ticks, and between small ones, each with where they begin."""
        span = high - low
        labelled = next((spacing for spacing in SPACINGS if span / spacing <= MOST_LABELS), SPACINGS[-1])
        return [(labelled, 0), (labelled / 5, 0)]

    def tickStrings(self, values: list[float], _scale: float, _spacing: float) -> list[str]:  # noqa: N802
        """What stands at these seconds."""
        return [self.end if value == 0 else f"\N{MINUS SIGN}{_length(-value)}" for value in values]


def _length(seconds: float) -> str:
    """Whole minutes from one on; "2.5 s", "30 s", "4 min"."""
    return f"{seconds / 60:g} min" if seconds >= 60 and seconds % 30 == 0 else f"{seconds:g} s"


class ScrollingPicture:
    """`item` is for a plot whose x is seconds before now, and whose y rises by `band_height` per band.

    Only new frames are coloured anew; between them the image is moved as it is.
    """

    def __init__(self, seconds: float, frame_seconds: float, bands: int, bottom: float, band_height: float) -> None:
        self._frame_seconds = frame_seconds
        self._bottom, self._height = bottom, bands * band_height
        self.ring = FrameRing(RING_FRAMES, bands)
        self._flow = Flow()
        self._held: int | None = None  # the number of frames after which the picture is looked at
        self.item = pyqtgraph.ImageItem(axisOrder="row-major")
        self.item.setColorMap(COLOURS)
        self.show_seconds(seconds)

    def show_seconds(self, seconds: float) -> None:
        """Show the last frames of so long a time."""
        shown = math.ceil(seconds / self._frame_seconds) + SLACK
        self._shared = math.ceil(shown / MOST_COLUMNS)  # frames in one column
        self._columns = min(math.ceil(shown / self._shared) + 1, RING_FRAMES // self._shared)
        self._colour()
        width = self._columns * self._shared * self._frame_seconds
        self.item.setRect(QRectF(-width, self._bottom, width, self._height))
        self._move()

    def reset(self) -> None:
        """Show nothing, as before the first frame."""
        self.ring.clear()
        self._flow = Flow()
        self._held = None
        self._colour()
        self._move()

    def push(self, frames: NDArray[np.float32]) -> None:
        """Append (k, bands) frames in dB; they flow in from the right with the next ticks."""
        self.ring.push(frames)
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
        if self._flow.advance(self.ring.end, seconds / self._frame_seconds) and self._held is None:
            self._move()

    @property
    def _end(self) -> int:
        """How many whole columns there were at the moment that is shown."""
        return (self.ring.end if self._held is None else self._held) // self._shared

    def _colour(self) -> None:
        frames = self.ring.until(self._end * self._shared, self._columns * self._shared)
        columns = frames.reshape(self._columns, self._shared, -1).mean(axis=1) if self._shared > 1 else frames
        loudest = max(float(columns.max()), LOWEST_TOP_DB)
        top = math.ceil(loudest / STEP_DB) * STEP_DB
        self.item.setImage(np.ascontiguousarray(columns.T), autoLevels=False, levels=(top - RANGE_DB, top))

    def _move(self) -> None:
        edge = self._flow.edge if self._held is None else self._held
        self.item.setPos((self._end * self._shared - edge) * self._frame_seconds, 0)


class SpectrogramPanel(Panel):
    """The picture with its axes: seconds before now, and Hz on the mel scale."""

    def __init__(self, parent: QWidget, theme: Theme, window_seconds: float) -> None:
        super().__init__(parent, theme, "What the model hears")
        self.note = Reading(self, theme, "faint", 12, align=RIGHT)
        # Band i is centred on mel (i + 1) * band_height: its row of the picture must be, too.
        band_height = hz_to_mel(SAMPLE_RATE / 2) / (BANDS + 1)
        self._bottom, self._height = band_height / 2, BANDS * band_height
        self.picture = ScrollingPicture(window_seconds, FRAME_SECONDS, BANDS, self._bottom, band_height)
        self._seconds_axis = SecondsAxis("bottom")
        frequency_axis = pyqtgraph.AxisItem("left")
        names = {hz: f"{hz} Hz" if hz < 1000 else f"{hz // 1000} kHz" for level in FREQUENCIES for hz in level}
        frequency_axis.setTicks([[(hz_to_mel(hz), names[hz]) for hz in level] for level in FREQUENCIES])
        frequency_axis.setStyle(textFillLimits=FREQUENCY_DENSITY)
        self._axes = {"bottom": self._seconds_axis, "left": frequency_axis}
        self.plot = pyqtgraph.PlotWidget(self, background=None, axisItems=self._axes, useOpenGL=False)
        # It is only looked at: no menu, no button, no zoom, no focus; what is dropped goes to the window.
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setFrameShape(QFrame.Shape.NoFrame)
        self.plot.viewport().setAcceptDrops(False)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
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

    def look_at(self, frames: int | None, moment: str = "") -> None:
        """Show what had been heard after so many frames, at this time as a clock says it; None goes back to live."""
        self.picture.hold(frames)
        end = "now" if frames is None else moment
        if end != self._seconds_axis.end:
            self._seconds_axis.end = end
            self._seconds_axis.picture = None  # drawn again with the next painting
            self._seconds_axis.update()

    def arrange(self) -> None:
        super().arrange()
        self.note.place(self.scale, self.beside_title())
        # The plot may use the padding on its right, where the label of its last tick reaches to.
        margin = self.px(PADDING)
        self.plot.setGeometry(self.inside().adjusted(0, 0, margin, 0))
        self.plot.getPlotItem().layout.setContentsMargins(0, 0, margin, 0)
        self.plot.setBackground(self.theme.colour("panel"))
        edge = QPen(self.theme.colour("accent"), max(1.0, 1.5 * self.scale))
        edge.setCosmetic(True)
        self.forgotten.setPen(edge)
        small, tick = font(12, self.scale), self.px(4)
        metrics = QFontMetrics(small)
        widest = metrics.horizontalAdvance("\N{MINUS SIGN}500 Hz")
        for axis in self._axes.values():
            # A label may reach over the end of its axis: "now" is centred on it.
            axis.setStyle(tickFont=small, tickLength=tick, tickTextOffset=tick, hideOverlappingLabels=widest)
            axis.setPen(self.theme.colour("line"))
            axis.setTickPen(self.theme.colour("faint"))
            axis.setTextPen(self.theme.colour("muted"))
        self._axes["bottom"].setHeight(metrics.height() + 2 * tick)
        self._axes["left"].setWidth(widest + 2 * tick)
