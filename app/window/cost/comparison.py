"""The continual model beside its twin in one measure: two bars on one logarithmic axis, two numbers, the ratio."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.window import words
from app.window.cost.tiles import Explained
from app.window.theme import Role, Theme, font
from app.window.widgets import RIGHT, Part, Reading, Weight, fill, painting


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

    def positions(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same of (k,) positive values."""
        shares: NDArray[np.float64] = np.log(values / self.low) / math.log(self.high / self.low)
        return np.clip(shares, 0.0, 1.0)

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


class LogBar(Part):
    """One value as a bar, its p95 and p99 as thin marks behind the bar's end, and the decades as lines."""

    def __init__(self, parent: QWidget, theme: Theme, colour: Role, axis: LogAxis) -> None:
        super().__init__(parent, theme)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._colour = colour
        self._shown: tuple[LogAxis, tuple[float, ...]] = axis, ()

    def show_values(self, axis: LogAxis, *values: float) -> None:
        """The bar's value, then those of the marks; none at all when nothing is known."""
        if (axis, values) != self._shown:
            self._shown = axis, values
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        axis, values = self._shown
        width, height = self.width(), self.height()
        radius = height * 0.22
        with painting(self) as painter:
            fill(painter, self.theme.colour("raised"), QRectF(0, 0, width, height), radius)
            for decade in axis.decades()[1:-1]:
                fill(painter, self.theme.colour("line"), QRectF(axis.position(decade) * width, 0, 1, height))
            if values:
                end = max(axis.position(values[0]) * width, 2 * radius)
                tail = max(axis.position(max(values)) * width - end + radius, 0)
                colour = self.theme.colour(self._colour)
                pale = self.theme.colour(self._colour, 0.35)
                fill(painter, pale, QRectF(end - radius, height * 0.36, tail, height * 0.28))
                fill(painter, colour, QRectF(0, 0, end, height), radius)
                for value in values[1:]:
                    left = axis.position(value) * width - 1
                    fill(painter, colour, QRectF(left, height * 0.2, 2, height * 0.6))


class AxisLabels(Part):
    """The decades of an axis as text, below the bars."""

    def __init__(self, parent: QWidget, theme: Theme, axis: LogAxis, label: Callable[[float], str]) -> None:
        super().__init__(parent, theme)
        self._axis, self._label = axis, label

    def show_axis(self, axis: LogAxis) -> None:
        """Label this axis."""
        if axis != self._axis:
            self._axis = axis
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            small = font(11, self.scale)
            painter.setFont(small)
            painter.setPen(self.theme.colour("faint"))
            metrics, taken = QFontMetrics(small), -1
            for decade in self._axis.decades():
                text = self._label(decade)
                width = metrics.horizontalAdvance(text)
                middle = round(self._axis.position(decade) * self.width())
                left = min(max(middle - width // 2, 0), self.width() - width)
                if left > taken:
                    painter.drawText(QRect(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
                    taken = left + width + metrics.averageCharWidth()


def bars_left(width: int, scale: float) -> int:
    """Where the bars begin in a comparison of this width: the axis below must begin there too."""
    return min(round(126 * scale), round(width * 0.34))


class ComparisonView(Part):
    """`name` is the start of the object names of all its readings, such as `time_encoder`; what is counted and not
    measured has no tail.
    """

    def __init__(
        self, parent: QWidget, theme: Theme, name: str, axis: LogAxis, has_tail: bool, less: str, more: str
    ) -> None:
        super().__init__(parent, theme)
        self._less, self._more = less, more
        self.setObjectName(name)
        self.ratio_place = Explained(self, theme)
        self.ratio = Reading(self.ratio_place, theme, "text", 36, Weight.Bold).named(f"{name}_ratio", less, "")
        self.ratio_words = Reading(self.ratio_place, theme, "muted", 13, text=less)
        self.lines = [
            ComparisonLine(self, theme, f"{name}_step", "continual", "step", axis, has_tail),
            ComparisonLine(self, theme, f"{name}_twin", "twin", "twin", axis, has_tail),
        ]

    def explain(self, heading: str, ratio: str, step: str, twin: str) -> None:
        """Say in plain words what each number is."""
        self.ratio_place.explain(f"{heading}: the ratio", ratio)
        self.lines[0].explain(f"{heading}: the continual model", step)
        self.lines[1].explain(f"{heading}: its non-continual twin", twin)

    def show_ratio(self, times: float | None) -> None:
        """Show how many times dearer the twin is."""
        self.ratio.show_text(words.ratio(times))
        self.ratio_words.show_text(words.more_or_less(times, self._less, self._more))

    def arrange(self) -> None:
        """The ratio on the left, the two lines on the right."""
        scale, width, height = self.scale, self.width(), self.height()
        left = bars_left(width, scale)
        ratio = QRect(0, 0, left - round(8 * scale), height)
        self.ratio_place.setGeometry(ratio)
        small = min(round(18 * scale), height // 3)
        large = min(round(42 * scale), height - small)
        top = (height - small - large) // 2
        self.ratio.place(scale, QRect(0, top, ratio.width(), large))
        self.ratio_words.place(scale, QRect(0, top + large, ratio.width(), small))
        line_height = min(height // 2, round(36 * scale))
        top = height // 2 - line_height
        for line in self.lines:
            line.place(scale, QRect(left, top, width - left, line_height))
            top += line_height


class ComparisonLine(Explained):
    """One model in one measure: its name, the tail of its number, its number; below them its bar."""

    def __init__(
        self, parent: QWidget, theme: Theme, name: str, label: str, colour: Role, axis: LogAxis, has_tail: bool
    ) -> None:
        super().__init__(parent, theme)
        self._has_tail = has_tail
        self.label = Reading(self, theme, colour, 13, text=label)
        spoken = name.replace("_", " ")
        self.value = Reading(self, theme, "text", 15, Weight.Bold, RIGHT, words.UNKNOWN).named(name, spoken)
        self.tail = Reading(self, theme, "muted", 11, align=RIGHT).named(f"{name}_tail", f"{spoken} tail")
        self.bar = LogBar(self, theme, colour, axis)

    def show_values(self, axis: LogAxis, value: str, tail: str, *lengths: float) -> None:
        """Show a number, what is known of its spread, and the bar with its marks."""
        self.value.show_text(value)
        self.tail.show_text(tail)
        self.bar.show_values(axis, *lengths)

    def arrange(self) -> None:
        scale, width, height = self.scale, self.width(), self.height()
        bar = max(4, round(height * 0.24))
        text = height - bar - round(height * 0.14)
        name, number = round(width * 0.22), round(width * (0.30 if self._has_tail else 0.70))
        self.label.place(scale, QRect(0, 0, name, text))
        self.tail.place(scale, QRect(name, 0, width - name - number - round(4 * scale), text))
        self.value.place(scale, QRect(width - number, 0, number, text))
        self.bar.place(scale, QRect(0, text, width, bar))
