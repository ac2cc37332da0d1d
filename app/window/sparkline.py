"""The time of every frame of the last half minute, continual model and twin, on one logarithmic axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.live.costs import SERIES_FRAMES
from app.window import words
from app.window.explained import Explained
from app.window.logbar import LogAxis
from app.window.palettes import Role
from app.window.theme import Theme, font

LOW, HIGH = 1e4, 1e8  # 10 µs to 100 ms
COLOURS: tuple[Role, Role] = ("step", "twin")


class Sparkline(Explained):
    """`budget` is the time between two frames in nanoseconds: a line that a model must stay below."""

    def __init__(self, parent: QWidget, theme: Theme, budget: float) -> None:
        super().__init__(parent, theme)
        self._budget = budget
        self._scale = 1.0
        self._axis = LogAxis(LOW, HIGH)
        self._series: NDArray[np.float64] = np.zeros((0, 2))
        self.setObjectName("sparkline")

    def show_series(self, series: NDArray[np.float64]) -> None:
        """(k, 2) nanoseconds, NaN where the twin did not answer; the newest last."""
        known = series[series > 0]
        self._axis = LogAxis(LOW, HIGH).holding(float(known.min()), float(known.max())) if len(known) else self._axis
        self._series = series
        self.update()

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self._scale = scale
        self.setGeometry(rectangle)

    def _y(self, nanoseconds: float) -> float:
        return (self.height() - 2) * (1 - self._axis.position(nanoseconds)) + 1

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = font(10, self._scale)
        painter.setFont(small)
        metrics = QFontMetrics(small)
        left = metrics.horizontalAdvance("100 µs") + round(8 * self._scale)
        room = QRectF(left, 0, self.width() - left, self.height())
        self._paint_axis(painter, room, metrics)
        step = room.width() / (SERIES_FRAMES - 1)
        first = room.right() - step * (len(self._series) - 1)
        for column, colour in enumerate(COLOURS):
            values = self._series[:, column]
            at = np.flatnonzero(~np.isnan(values))
            heights = (self.height() - 2) * (1 - self._axis.positions(values[at])) + 1
            points = [QPointF(x, y) for x, y in zip((first + step * at).tolist(), heights.tolist(), strict=True)]
            painter.setPen(QPen(self.theme.colour(colour), max(1.3, 1.5 * self._scale), j=Qt.PenJoinStyle.RoundJoin))
            painter.drawPolyline(QPolygonF(points))
        self._paint_budget(painter, room, metrics)
        painter.end()
        super().paintEvent(event)

    def _paint_axis(self, painter: QPainter, room: QRectF, metrics: QFontMetrics) -> None:
        free_from = -1.0
        for decade in reversed(self._axis.decades()):
            y = self._y(decade)
            painter.setPen(QPen(self.theme.colour("line"), 1))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            top = min(max(y - metrics.height() / 2, 0), self.height() - metrics.height())
            if top > free_from:
                painter.setPen(self.theme.colour("faint"))
                place = QRectF(0, top, room.left() - 6 * self._scale, metrics.height())
                painter.drawText(place, Qt.AlignmentFlag.AlignRight, words.decade_of_time(decade))
                free_from = top + metrics.height()

    def _paint_budget(self, painter: QPainter, room: QRectF, metrics: QFontMetrics) -> None:
        y = self._y(self._budget)
        painter.setPen(QPen(self.theme.colour("warning"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
        text = f" budget {self._budget / 1e6:.1f} ms "
        place = QRectF(room.left(), y + 1, metrics.horizontalAdvance(text), metrics.height())
        painter.fillRect(place, self.theme.colour("panel", 0.8))
        painter.setPen(self.theme.colour("warning"))
        painter.drawText(place, text)
