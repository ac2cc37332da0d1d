"""The continual model beside its twin in one measure: two bars, two numbers, and the ratio in large type."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QWidget

from app.window import words
from app.window.logbar import LogAxis, LogBar
from app.window.palettes import Role
from app.window.reading import Reading, Weight
from app.window.theme import Theme

RIGHT = Qt.AlignmentFlag.AlignRight


def bars_left(width: int, scale: float) -> int:
    """Where the bars begin in a comparison of this width: the axis below must begin there too."""
    return min(round(142 * scale), round(width * 0.37))


class ComparisonView(QWidget):
    """`name` is the start of the object names of all its readings, such as `time_encoder`."""

    def __init__(self, parent: QWidget, theme: Theme, name: str, axis: LogAxis, less: str, more: str) -> None:
        super().__init__(parent)
        self._less, self._more = less, more
        self.setObjectName(name)
        self.ratio = Reading(self, theme, "text", 42, Weight.Bold).named(f"{name}_ratio", f"Ratio, {less}", "")
        self.ratio_words = Reading(self, theme, "muted", 14, text=less)
        self.lines = [
            ComparisonLine(self, theme, f"{name}_step", "continual", "step", axis),
            ComparisonLine(self, theme, f"{name}_twin", "twin", "twin", axis),
        ]

    def explain(self, ratio: str, step: str, twin: str) -> None:
        """Say in plain words what each number is."""
        self.ratio.setToolTip(ratio)
        self.ratio.setAccessibleDescription(ratio)
        self.ratio_words.setToolTip(ratio)
        for line, tip in zip(self.lines, (step, twin), strict=True):
            line.explain(tip)

    def show_ratio(self, times: float | None) -> None:
        """Show how many times dearer the twin is."""
        self.ratio.show_text(words.ratio(times))
        self.ratio_words.show_text(words.more_or_less(times, self._less, self._more))

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale: the ratio on the left, the two lines on the right."""
        self.setGeometry(rectangle)
        height = rectangle.height()
        left = bars_left(rectangle.width(), scale)
        small = min(round(20 * scale), height // 4)
        large = min(round(52 * scale), height - small)
        top = (height - small - large) // 2
        self.ratio.place(scale, QRect(0, top, left - round(10 * scale), large))
        self.ratio_words.place(scale, QRect(0, top + large, left - round(10 * scale), small))
        line_height = min(height // 2, round(64 * scale))
        top = height // 2 - line_height
        for line in self.lines:
            line.place(scale, QRect(left, top, rectangle.width() - left, line_height))
            top += line_height


class ComparisonLine(QWidget):
    """One model in one measure: its name, its number with the tail behind it, its bar."""

    def __init__(self, parent: QWidget, theme: Theme, name: str, label: str, colour: Role, axis: LogAxis) -> None:
        super().__init__(parent)
        self.label = Reading(self, theme, colour, 14, text=label)
        self.value = Reading(self, theme, "text", 16, Weight.Bold, RIGHT, words.UNKNOWN)
        self.value.setObjectName(name)
        self.value.setAccessibleName(name.replace("_", " "))
        self.tail = Reading(self, theme, "muted", 12, align=RIGHT)
        self.tail.setObjectName(f"{name}_tail")
        self.tail.setAccessibleName(f"{name.replace('_', ' ')} tail")
        self.bar = LogBar(self, theme, colour, axis)

    def explain(self, tip: str) -> None:
        """Say in plain words what it is."""
        self.setToolTip(tip)
        self.value.setAccessibleDescription(tip)

    def show_values(self, axis: LogAxis, value: str, tail: str, *lengths: float) -> None:
        """Show a number, what is known of its spread, and the bar with its marks."""
        self.value.show_text(value)
        self.tail.show_text(tail)
        self.bar.show_values(axis, *lengths)

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self.setGeometry(rectangle)
        width, height = rectangle.width(), rectangle.height()
        text, bar, tail = round(height * 0.40), round(height * 0.19), round(height * 0.34)
        name = round(width * 0.5)
        self.label.place(scale, QRect(0, 0, name, text))
        self.value.place(scale, QRect(name, 0, width - name, text))
        self.bar.setGeometry(0, text, width, bar)
        self.tail.place(scale, QRect(0, text + bar, width, tail))
