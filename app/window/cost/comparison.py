"""The continual model beside its twin in one measure: two bars on one logarithmic axis, two numbers, the ratio."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from app.window import words
from app.window.explained import Explained
from app.window.theme import Role, Theme, font
from app.window.widgets import RIGHT, Part, Reading, Weight, fill, painting

LESS, MORE = {"time": "less time", "flops": "fewer FLOPs"}, {"time": "more time", "flops": "more FLOPs"}


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


class LogBar(Part):
    """One value as a bar, its p95 and p99 as thin marks behind the bar's end, and the decades as lines."""

    def __init__(self, parent: QWidget, theme: Theme, colour: Role) -> None:
        super().__init__(parent, theme)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._colour = colour
        self._axis = LogAxis(1, 10)
        self._values: Sequence[float] = ()

    def show_values(self, axis: LogAxis, values: Sequence[float]) -> None:
        """The bar's value, then those of the marks; none at all when nothing is known."""
        self._axis, self._values = axis, values
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        axis, values = self._axis, self._values
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

    def __init__(self, parent: QWidget, theme: Theme, units: Sequence[str]) -> None:
        super().__init__(parent, theme)
        self._axis, self._units = LogAxis(1, 10), units

    def show_axis(self, axis: LogAxis) -> None:
        """Label this axis."""
        self._axis = axis
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            painter.setFont(font(11, self.scale))
            painter.setPen(self.theme.colour("faint"))
            metrics, taken = painter.fontMetrics(), -1
            for decade in self._axis.decades():
                text = words.decade(decade, self._units)
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
    """`measure` is time or flops; it and `what` are the start of the object names of all readings."""

    def __init__(self, parent: QWidget, theme: Theme, measure: str, what: str) -> None:
        super().__init__(parent, theme)
        name, less = f"{measure}_{what}", LESS[measure]
        self._measure = measure
        self.setObjectName(name)
        self.ratio_place = Explained(self, theme)
        self.ratio = Reading(self.ratio_place, theme, "text", 36, Weight.Bold).named(f"{name}_ratio", less, "")
        self.ratio_words = Reading(self.ratio_place, theme, "muted", 13, text=less)
        self.lines = [
            ComparisonLine(self, theme, f"{name}_step", "continual", "step"),
            ComparisonLine(self, theme, f"{name}_twin", "ordinary", "twin"),
        ]

    def explain(self, heading: str, ratio: str, step: str, twin: str) -> None:
        """Say in plain words what each number is."""
        self.ratio_place.explain(f"{heading}: the ratio", ratio)
        self.lines[0].explain(f"{heading}: the continual model", step)
        self.lines[1].explain(f"{heading}: the ordinary model", twin)

    def show_figures(self, axis: LogAxis, times: float | None, *figures: Sequence[float]) -> None:
        """Show how many times dearer the twin is, and what is known of each model: see `ComparisonLine`."""
        self.ratio.show_text(words.ratio(times))
        # An honest panel also says when the continual model is the dearer one.
        self.ratio_words.show_text((MORE if times is not None and times < 1 else LESS)[self._measure])
        for line, values in zip(self.lines, figures, strict=True):
            line.show_values(axis, values)

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
    """One model in one measure: its name, the tail of its number, its number; below them its bar.

    Times are measured: median, p95 and p99, or nothing yet. FLOPs are counted: one number, which has no tail.
    """

    def __init__(self, parent: QWidget, theme: Theme, name: str, label: str, colour: Role) -> None:
        super().__init__(parent, theme)
        self._is_measured = name.startswith("time")
        self.label = Reading(self, theme, colour, 13, text=label)
        spoken = name.replace("_", " ")
        self.value = Reading(self, theme, "text", 15, Weight.Bold, RIGHT, words.UNKNOWN).named(name, spoken)
        self.tail = Reading(self, theme, "muted", 11, align=RIGHT).named(f"{name}_tail", f"{spoken} tail")
        self.bar = LogBar(self, theme, colour)

    def show_values(self, axis: LogAxis, values: Sequence[float]) -> None:
        """Show the number, its spread, and the bar with its marks."""
        if not self._is_measured:
            self.value.show_text(words.flops(values[0]))
        else:
            self.value.show_text(words.duration(values[0]) if values else words.UNKNOWN)
            self.tail.show_text(tail(*values[1:]) if values else "")
        self.bar.show_values(axis, values)

    def arrange(self) -> None:
        scale, width, height = self.scale, self.width(), self.height()
        bar = max(4, round(height * 0.24))
        text = height - bar - round(height * 0.14)
        name, number = round(width * 0.22), round(width * (0.30 if self._is_measured else 0.70))
        self.label.place(scale, QRect(0, 0, name, text))
        self.tail.place(scale, QRect(name, 0, width - name - number - round(4 * scale), text))
        self.value.place(scale, QRect(width - number, 0, number, text))
        self.bar.place(scale, QRect(0, text, width, bar))


def tail(p95: float, p99: float) -> str:
    """The two upper percentiles in as few letters as can be: "p95/99 123/456 µs", "p95/99 1.2/4.6 ms"."""
    unit, divisor = ("µs", 1e3) if p99 < 999.5e3 else ("ms", 1e6)
    decimals = 0 if unit == "µs" or p99 >= 99.95e6 else 1
    return f"p95/99 {p95 / divisor:.{decimals}f}/{p99 / divisor:.{decimals}f} {unit}"
