"""Two bars on one logarithmic axis: the continual model above its twin."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.window.palettes import Role
from app.window.theme import Theme, font


@dataclass(frozen=True, slots=True)
class LogAxis:
    """From `low` to `high`, both powers of ten in the unit of the values."""

    low: float
    high: float

    def position(self, value: float) -> float:
        """Share of the axis, 0..1; what lies outside stands at the end."""
        if value <= self.low:
            return 0.0
        return min(math.log(value / self.low) / math.log(self.high / self.low), 1.0)

    def decades(self) -> list[float]:
        """The powers of ten on the axis, ends included."""
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        return [10.0**exponent for exponent in range(first, last + 1)]

    def holding(self, *values: float) -> LogAxis:
        """The smallest widening of this axis that holds all values."""
        positive = [value for value in values if value > 0]
        if not positive:
            return self
        low = min(self.low, 10.0 ** math.floor(math.log10(min(positive))))
        return LogAxis(low, max(self.high, 10.0 ** math.ceil(math.log10(max(positive)))))


class LogBar(QWidget):
    """One value as a bar, its p95 and p99 as thin marks behind the bar's end, and the decades as lines."""

    def __init__(self, parent: QWidget, theme: Theme, colour: Role, axis: LogAxis) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._theme, self._colour = theme, colour
        self._shown: tuple[LogAxis, tuple[float, ...]] = axis, ()

    def show_values(self, axis: LogAxis, *values: float) -> None:
        """The bar's value, then those of the marks; none at all when nothing is known."""
        if (axis, values) != self._shown:
            self._shown = axis, values
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        axis, values = self._shown
        width, height = self.width(), self.height()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        radius = height * 0.22
        painter.setBrush(self._theme.colour("raised"))
        painter.drawRoundedRect(QRectF(0, 0, width, height), radius, radius)
        painter.setBrush(self._theme.colour("line"))
        for decade in axis.decades()[1:-1]:
            painter.drawRect(QRectF(axis.position(decade) * width, 0, 1, height))
        if values:
            end = max(axis.position(values[0]) * width, 2 * radius)
            furthest = axis.position(max(values)) * width
            painter.setBrush(self._theme.colour(self._colour, 0.35))
            painter.drawRect(QRectF(end - radius, height * 0.36, max(furthest - end + radius, 0), height * 0.28))
            painter.setBrush(self._theme.colour(self._colour))
            painter.drawRoundedRect(QRectF(0, 0, end, height), radius, radius)
            for value in values[1:]:
                painter.drawRect(QRectF(axis.position(value) * width - 1, height * 0.2, 2, height * 0.6))
        painter.end()


class AxisLabels(QWidget):
    """The decades of an axis as text, below the bars."""

    def __init__(self, parent: QWidget, theme: Theme, axis: LogAxis, label: Callable[[float], str]) -> None:
        super().__init__(parent)
        self._theme, self._axis, self._label = theme, axis, label
        self._scale = 1.0

    def show_axis(self, axis: LogAxis) -> None:
        """Label this axis."""
        if axis != self._axis:
            self._axis = axis
            self.update()

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self._scale = scale
        self.setGeometry(rectangle)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        small = font(11, self._scale)
        painter.setFont(small)
        painter.setPen(self._theme.colour("faint"))
        metrics, taken = QFontMetrics(small), -1
        for decade in self._axis.decades():
            text = self._label(decade)
            width = metrics.horizontalAdvance(text)
            middle = round(self._axis.position(decade) * self.width())
            left = min(max(middle - width // 2, 0), self.width() - width)
            if left > taken:
                painter.drawText(QRect(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
                taken = left + width + metrics.averageCharWidth()
        painter.end()
