"""Two charts on a logarithmic axis: the time of every frame of the last half minute, and FLOPs by part."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.live.costs import SERIES_FRAMES
from app.stream.snapshot import FrameFlops
from app.window import words
from app.window.cost.comparison import LogAxis
from app.window.explained import Explained
from app.window.theme import Role, Theme, font
from app.window.widgets import RIGHT, painting
from audio import FRAME_SECONDS

TIME_AXIS, FLOPS_AXIS = LogAxis(1e4, 1e8), LogAxis(1e3, 1e8)  # 10 µs to 100 ms; they widen for what lies outside
COLOURS: tuple[Role, Role] = ("step", "twin")


class Sparkline(Explained):
    """The time between two frames is the budget: a line that a model must stay below."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self._axis = TIME_AXIS
        self._series: NDArray[np.float64] = np.zeros((0, 2))
        self.setObjectName("sparkline")

    def show_series(self, series: NDArray[np.float64]) -> None:
        """(k, 2) nanoseconds, NaN where the twin did not answer; the newest last."""
        known = series[series > 0]
        self._axis = TIME_AXIS.holding(float(known.min()), float(known.max())) if len(known) else self._axis
        self._series = series
        self.update()

    def _y(self, nanoseconds: float) -> float:
        return (self.height() - 2) * (1 - self._axis.position(nanoseconds)) + 1

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            painter.setFont(font(10, self.scale))
            metrics = painter.fontMetrics()
            left = metrics.horizontalAdvance("100 µs") + round(8 * self.scale)
            room = QRectF(left, 0, self.width() - left, self.height())
            self._paint_axis(painter, room, metrics)
            step = room.width() / (SERIES_FRAMES - 1)
            first = room.right() - step * (len(self._series) - 1)
            for column, colour in enumerate(COLOURS):
                values = enumerate(self._series[:, column].tolist())
                points = [QPointF(first + step * at, self._y(value)) for at, value in values if not math.isnan(value)]
                painter.setPen(QPen(self.theme.colour(colour), max(1.3, 1.5 * self.scale), j=Qt.PenJoinStyle.RoundJoin))
                painter.drawPolyline(QPolygonF(points))
            self._paint_budget(painter, room, metrics)
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
                place = QRectF(0, top, room.left() - 6 * self.scale, metrics.height())
                painter.drawText(place, RIGHT, words.decade(decade, words.DURATIONS))
                free_from = top + metrics.height()

    def _paint_budget(self, painter: QPainter, room: QRectF, metrics: QFontMetrics) -> None:
        y = self._y(FRAME_SECONDS * 1e9)
        painter.setPen(QPen(self.theme.colour("warning"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
        text = f" budget {FRAME_SECONDS * 1e3:.1f} ms "
        place = QRectF(room.left(), y + 1, metrics.horizontalAdvance(text), metrics.height())
        painter.fillRect(place, self.theme.colour("panel", 0.8))
        painter.setPen(self.theme.colour("warning"))
        painter.drawText(place, text)


class PartsChart(Explained):
    """What both share has one dot: there is nothing to compare."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self._axis = FLOPS_AXIS
        self.rows: list[tuple[str, int, int]] = []  # part, continual, twin
        self.setObjectName("parts")

    def show_flops(self, flops: FrameFlops) -> None:
        """Show the parts of one frame."""
        rows = [(part, count, count) for part, count in flops.shared.items()]
        rows += [(part, flops.step.get(part, 0), count) for part, count in flops.twin.items()]
        self.rows = rows
        self._axis = FLOPS_AXIS.holding(*(count for row in rows for count in row[1:]))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            painter.setFont(font(11, self.scale))
            metrics = painter.fontMetrics()
            name = metrics.horizontalAdvance("feed-forward") + round(10 * self.scale)
            number = metrics.horizontalAdvance("99.9 M") + round(8 * self.scale)
            track = QRectF(name, 0, self.width() - name - 2 * number, self.height())
            height = self.height() / max(len(self.rows), 1)
            for position, (part, step, twin) in enumerate(self.rows):
                line = QRectF(0, position * height, self.width(), height)
                painter.setPen(self.theme.colour("muted"))
                painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, part)
                right = RIGHT | Qt.AlignmentFlag.AlignVCenter
                shared = step == twin
                painter.setPen(self.theme.colour("text" if shared else "step"))
                painter.drawText(line.adjusted(0, 0, -number, 0), right, words.flops(step, ""))
                painter.setPen(self.theme.colour("faint" if shared else "twin"))
                painter.drawText(line, right, "both" if shared else words.flops(twin, ""))
                self._paint_dots(painter, track, line.center().y(), step, twin)
        super().paintEvent(event)

    def _paint_dots(self, painter: QPainter, track: QRectF, y: float, step: int, twin: int) -> None:
        radius = max(2.5, 3.5 * self.scale)
        inner = track.adjusted(radius, 0, -radius, 0)
        low, high = (inner.left() + inner.width() * self._axis.position(count) for count in (step, twin))
        painter.setPen(QPen(self.theme.colour("line"), 1))
        painter.drawLine(QPointF(track.left(), y), QPointF(track.right(), y))
        painter.setPen(QPen(self.theme.colour("twin", 0.55), max(1.5, 2 * self.scale)))
        painter.drawLine(QPointF(low, y), QPointF(high, y))
        painter.setPen(Qt.PenStyle.NoPen)
        if step != twin:
            painter.setBrush(self.theme.colour("twin"))
            painter.drawEllipse(QPointF(high, y), radius, radius)
        painter.setBrush(self.theme.colour("text" if step == twin else "step"))
        painter.drawEllipse(QPointF(low, y), radius, radius)
