"""Two charts on logarithmic axes: the time of every frame of the last half minute, and FLOPs by part."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QFrame, QWidget

from app.live.costs import SERIES_FRAMES
from app.stream.snapshot import FrameFlops
from app.window import words
from app.window.explained import Explained
from app.window.theme import Role, Theme, font
from audio import FRAME_SECONDS

COLOURS: tuple[Role, Role] = "step", "twin"
BUDGET = math.log10(FRAME_SECONDS * 1e9)  # ns, as the axis has it


class Decades(pyqtgraph.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Of logarithms to base 10: a tick for each power of ten, in these units."""

    def __init__(self, side: str, units: Sequence[str]) -> None:
        super().__init__(side)
        self._units = units

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[int]]]:  # noqa: N802
        # Of the axis a label takes so many, with what is free around it.
        letters = 5 if self.orientation == "bottom" else 2
        step = max(1, math.ceil((high - low) * letters * self.style["tickFont"].pixelSize() / size))
        return [(step, list(range(math.ceil(low), math.floor(high) + 1, step)))]

    def tickStrings(self, values: Sequence[float], _scale: float, _spacing: float) -> list[str]:  # noqa: N802
        return [words.decade(10.0**value, self._units) for value in values]


class Chart(Explained):
    """A plot that is only looked at, and explains itself by a click."""

    def __init__(self, parent: QWidget, theme: Theme, heading: str, explanation: str, **axes: pyqtgraph.AxisItem):
        super().__init__(parent, theme, heading, explanation)
        self.plot = pyqtgraph.PlotWidget(self, background=None, axisItems=axes, enableMenu=False)
        self.plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(QFrame.Shape.NoFrame)
        self.plot.hideButtons()
        self._axes = axes

    def arrange(self) -> None:
        small = font(12, self.scale)
        self.plot.setGeometry(self.rect())
        self.plot.setBackground(self.theme.colour("panel"))
        for side, axis in self._axes.items():
            axis.setStyle(tickFont=small, tickLength=0, tickTextOffset=self.px(6), hideOverlappingLabels=False)
            axis.setPen(self.theme.colour("line"))
            axis.setTextPen(self.theme.colour("muted"))
            if side != "bottom":
                longest = "feed-forward" if side == "left" else "99.9 k, 99.9 M"
                axis.setWidth(QFontMetrics(small).horizontalAdvance(longest) + self.px(12))


class Sparkline(Chart):
    """The time between two frames is the budget: a line that a model must stay below."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme, "Time of every frame", words.SPARKLINE, left=Decades("left", words.DURATIONS))
        self.plot.hideAxis("bottom")
        self.curves = [self.plot.plot() for _ in range(2)]
        words_options = {"position": 0.1, "anchors": [(0, 1), (0, 1)]}
        label = f"budget {FRAME_SECONDS * 1e3:.1f} ms"
        self._budget = pyqtgraph.InfiniteLine(BUDGET, angle=0, label=label, labelOpts=words_options)
        self.plot.addItem(self._budget)
        self.plot.setXRange(-SERIES_FRAMES, 0, padding=0)

    def show_series(self, series: NDArray[np.float64]) -> None:
        """(k, 2) nanoseconds, NaN where the twin did not answer; the newest last."""
        for curve, column in zip(self.curves, series.T, strict=True):
            at = np.flatnonzero(column > 0)
            curve.setData(at - len(column), np.log10(column[at]))
        known = series[series > 0]
        low, high = (np.log10(known.min()), np.log10(known.max())) if len(known) else (4.0, BUDGET)
        self.plot.setYRange(min(low, 4.0), max(high, BUDGET) + 0.5)

    def arrange(self) -> None:
        super().arrange()
        for curve, role in zip(self.curves, COLOURS, strict=True):
            curve.setPen(self.theme.colour(role), width=1.5 * self.scale)
        self._budget.setPen(pyqtgraph.mkPen(self.theme.colour("warning"), style=Qt.PenStyle.DashLine))
        self._budget.label.setColor(self.theme.colour("warning"))


class PartsChart(Chart):
    """Left dot the continual model, right dot the ordinary one; what both share has one dot."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        axes = {"left": pyqtgraph.AxisItem("left"), "right": pyqtgraph.AxisItem("right")}
        super().__init__(
            parent, theme, "Arithmetic by part", words.PARTS, bottom=Decades("bottom", words.PREFIXES), **axes
        )
        self.rows: list[tuple[str, int, int]] = []  # part, continual, ordinary
        self._lines = self.plot.plot(connect="pairs")
        self._dots = [self.plot.plot(pen=None, symbol="o") for _ in range(2)]

    def show_flops(self, flops: FrameFlops) -> None:
        """Show the parts of one frame."""
        self.rows = [(part, count, count) for part, count in flops.shared.items()]
        self.rows += [(part, flops.step.get(part, 0), count) for part, count in flops.twin.items()]
        heights = np.arange(len(self.rows), 0, -1)
        counts = np.log10([[max(count, 1) for count in row[1:]] for row in self.rows])
        self._lines.setData(counts.ravel(), np.repeat(heights, 2))
        for dots, column in zip(self._dots, counts.T, strict=True):
            dots.setData(column, heights)
        said = [
            words.flops(step, "") if step == twin else f"{words.flops(step, '')}, {words.flops(twin, '')}"
            for _, step, twin in self.rows
        ]
        for side, texts in (("left", [row[0] for row in self.rows]), ("right", said)):
            self._axes[side].setTicks([list(zip(heights.tolist(), texts, strict=True))])
        self.plot.setYRange(0.5, len(self.rows) + 0.5)

    def arrange(self) -> None:
        super().arrange()
        self._lines.setPen(self.theme.colour("twin", 0.55), width=2 * self.scale)
        for dots, role in zip(self._dots, COLOURS, strict=True):
            dots.setSymbolBrush(self.theme.colour(role))
            dots.setSymbolPen(None)
            dots.setSymbolSize(7 * self.scale)
