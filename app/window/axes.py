"""The spectrogram's axes: seconds before now, and Hz where their mel bands stand."""

from __future__ import annotations

import librosa
import pyqtgraph
from PySide6.QtGui import QFontMetrics

from app.window.theme import Theme, font

# Where there is little height the later ones are left out.
FREQUENCIES = ((500, 2000, 8000), (1000, 4000), (250,))  # Hz
# (labels so far, share of the length they may take): librosa's mel scale brings 250 Hz close to 500 Hz.
FREQUENCY_DENSITY = [(0, 0.6), (5, 0.36)]


class SecondsAxis(pyqtgraph.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Ends in "now"."""

    def tickStrings(self, values: list[float], _scale: float, _spacing: float) -> list[str]:  # noqa: N802
        """What stands at these seconds."""
        return ["now" if value == 0 else f"\N{MINUS SIGN}{abs(value):g} s" for value in values]


def frequency_axis() -> pyqtgraph.AxisItem:
    """Labels in Hz on an axis in mel."""
    axis = pyqtgraph.AxisItem("left")
    axis.setTicks([[(float(librosa.hz_to_mel(hz)), label(hz)) for hz in level] for level in FREQUENCIES])
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
