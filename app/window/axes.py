"""The spectrogram's axes: seconds before now, and Hz where their mel bands stand."""

from __future__ import annotations

import pyqtgraph
from PySide6.QtGui import QFontMetrics

from app.window.theme import Theme, font
from audio.mel import hz_to_mel

# Where there is little height the later ones are left out.
FREQUENCIES = ((500, 2000, 8000), (1000, 4000), (250,))  # Hz
# (labels so far, share of the length they may take): the mel scale brings 250 Hz close to 500 Hz.
FREQUENCY_DENSITY = [(0, 0.6), (5, 0.36)]

SPACINGS = (1, 2, 5, 10, 20, 30, 60, 120)  # seconds
MOST_LABELS = 4


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


def frequency_axis() -> pyqtgraph.AxisItem:
    """Labels in Hz on an axis in mel."""
    axis = pyqtgraph.AxisItem("left")
    axis.setTicks([[(hz_to_mel(hz), label(hz)) for hz in level] for level in FREQUENCIES])
    axis.setStyle(textFillLimits=FREQUENCY_DENSITY)
    return axis


def label(frequency: int) -> str:
    """ "500 Hz", "2 kHz"."""
    return f"{frequency} Hz" if frequency < 1000 else f"{frequency // 1000} kHz"


def dress_axes(bottom: pyqtgraph.AxisItem, left: pyqtgraph.AxisItem, theme: Theme, scale: float) -> None:
    """Draw them in the window's font and colours at this scale, as large as their labels need."""
    small = font(12, scale)
    metrics, tick = QFontMetrics(small), round(4 * scale)
    widest = metrics.horizontalAdvance("\N{MINUS SIGN}500 Hz")
    for axis in (bottom, left):
        # A label may reach over the end of its axis: "now" is centred on it.
        axis.setStyle(tickFont=small, tickLength=tick, tickTextOffset=tick, hideOverlappingLabels=widest)
        axis.setPen(theme.colour("line"))
        axis.setTickPen(theme.colour("faint"))
        axis.setTextPen(theme.colour("muted"))
    bottom.setHeight(metrics.height() + 2 * tick)
    left.setWidth(widest + 2 * tick)
