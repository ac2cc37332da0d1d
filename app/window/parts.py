"""FLOPs per frame by part: one line for each, the continual model's dot and the twin's on one logarithmic axis."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.stream.model_in_use import FrameFlops
from app.window import words
from app.window.explained import Explained
from app.window.logbar import LogAxis
from app.window.theme import Theme, font

LOW, HIGH = 1e3, 1e8


class PartsChart(Explained):
    """What both share has one dot: there is nothing to compare."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self._scale = 1.0
        self._axis = LogAxis(LOW, HIGH)
        self.rows: list[tuple[str, int, int]] = []  # part, continual, twin
        self.setObjectName("parts")

    def show_flops(self, flops: FrameFlops) -> None:
        """Show the parts of one frame."""
        rows = [(part, count, count) for part, count in flops.shared.items()]
        rows += [(part, flops.step.get(part, 0), count) for part, count in flops.twin.items()]
        if rows != self.rows:
            self.rows = rows
            self._axis = LogAxis(LOW, HIGH).holding(*(count for row in rows for count in row[1:]))
            self.update()

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self._scale = scale
        self.setGeometry(rectangle)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = font(11, self._scale)
        painter.setFont(small)
        metrics = QFontMetrics(small)
        name = metrics.horizontalAdvance("feed-forward") + round(10 * self._scale)
        number = metrics.horizontalAdvance("99.9 M") + round(8 * self._scale)
        track = QRectF(name, 0, self.width() - name - 2 * number, self.height())
        height = self.height() / max(len(self.rows), 1)
        for position, (part, step, twin) in enumerate(self.rows):
            line = QRectF(0, position * height, self.width(), height)
            painter.setPen(self.theme.colour("muted"))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, part)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            shared = step == twin
            painter.setPen(self.theme.colour("text" if shared else "step"))
            painter.drawText(line.adjusted(0, 0, -number, 0), right, words.count(step))
            painter.setPen(self.theme.colour("faint" if shared else "twin"))
            painter.drawText(line, right, "both" if shared else words.count(twin))
            self._paint_dots(painter, track, line.center().y(), step, twin)
        painter.end()
        super().paintEvent(event)

    def _paint_dots(self, painter: QPainter, track: QRectF, y: float, step: int, twin: int) -> None:
        radius = max(2.5, 3.5 * self._scale)
        inner = track.adjusted(radius, 0, -radius, 0)
        low, high = (inner.left() + inner.width() * self._axis.position(count) for count in (step, twin))
        painter.setPen(QPen(self.theme.colour("line"), 1))
        painter.drawLine(QPointF(track.left(), y), QPointF(track.right(), y))
        painter.setPen(QPen(self.theme.colour("twin", 0.55), max(1.5, 2 * self._scale)))
        painter.drawLine(QPointF(low, y), QPointF(high, y))
        painter.setPen(Qt.PenStyle.NoPen)
        if step != twin:
            painter.setBrush(self.theme.colour("twin"))
            painter.drawEllipse(QPointF(high, y), radius, radius)
        painter.setBrush(self.theme.colour("text" if step == twin else "step"))
        painter.drawEllipse(QPointF(low, y), radius, radius)
