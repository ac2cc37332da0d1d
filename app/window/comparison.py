"""The continual model beside its twin in one measure: two bars, two numbers, and the ratio in large type."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QWidget

from app.window import words
from app.window.explained import Explained
from app.window.logbar import LogAxis, LogBar
from app.window.palettes import Role
from app.window.reading import Reading, Weight
from app.window.theme import Theme

RIGHT = Qt.AlignmentFlag.AlignRight


def bars_left(width: int, scale: float) -> int:
    """Where the bars begin in a comparison of this width: the axis below must begin there too."""
    return min(round(126 * scale), round(width * 0.34))


class ComparisonView(QWidget):
    """`name` is the start of the object names of all its readings, such as `time_encoder`; what is counted and not
    measured has no tail.
    """

    def __init__(
        self, parent: QWidget, theme: Theme, name: str, axis: LogAxis, has_tail: bool, less: str, more: str
    ) -> None:
        super().__init__(parent)
        self._less, self._more = less, more
        self.setObjectName(name)
        self.ratio_place = Explained(self, theme)
        self.ratio = Reading(self.ratio_place, theme, "text", 36, Weight.Bold).named(f"{name}_ratio", less, "")
        self.ratio_words = Reading(self.ratio_place, theme, "muted", 13, text=less)
        self.lines = [
            ComparisonLine(self, theme, f"{name}_step", "continual", "step", axis, has_tail),
            ComparisonLine(self, theme, f"{name}_twin", "twin", "twin", axis, has_tail),
        ]

    @property
    def explained(self) -> list[Explained]:
        """All that explains itself."""
        return [self.ratio_place, *self.lines]

    def explain(self, heading: str, ratio: str, step: str, twin: str) -> None:
        """Say in plain words what each number is."""
        self.ratio_place.explain(f"{heading}: the ratio", ratio)
        self.lines[0].explain(f"{heading}: the continual model", step)
        self.lines[1].explain(f"{heading}: its non-continual twin", twin)

    def show_ratio(self, times: float | None) -> None:
        """Show how many times dearer the twin is."""
        self.ratio.show_text(words.ratio(times))
        self.ratio_words.show_text(words.more_or_less(times, self._less, self._more))

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale: the ratio on the left, the two lines on the right."""
        self.setGeometry(rectangle)
        height = rectangle.height()
        left = bars_left(rectangle.width(), scale)
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
            line.place(scale, QRect(left, top, rectangle.width() - left, line_height))
            top += line_height


class ComparisonLine(Explained):
    """One model in one measure: its name, the tail of its number, its number; below them its bar."""

    def __init__(
        self, parent: QWidget, theme: Theme, name: str, label: str, colour: Role, axis: LogAxis, has_tail: bool
    ) -> None:
        super().__init__(parent, theme)
        self._has_tail = has_tail
        self.label = Reading(self, theme, colour, 13, text=label)
        self.value = Reading(self, theme, "text", 15, Weight.Bold, RIGHT, words.UNKNOWN)
        self.value.setObjectName(name)
        self.value.setAccessibleName(name.replace("_", " "))
        self.tail = Reading(self, theme, "muted", 11, align=RIGHT)
        self.tail.setObjectName(f"{name}_tail")
        self.tail.setAccessibleName(f"{name.replace('_', ' ')} tail")
        self.bar = LogBar(self, theme, colour, axis)

    def show_values(self, axis: LogAxis, value: str, tail: str, *lengths: float) -> None:
        """Show a number, what is known of its spread, and the bar with its marks."""
        self.value.show_text(value)
        self.tail.show_text(tail)
        self.bar.show_values(axis, *lengths)

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self.setGeometry(rectangle)
        width, height = rectangle.width(), rectangle.height()
        bar = max(4, round(height * 0.24))
        text = height - bar - round(height * 0.14)
        name, number = round(width * 0.22), round(width * (0.30 if self._has_tail else 0.70))
        self.label.place(scale, QRect(0, 0, name, text))
        self.tail.place(scale, QRect(name, 0, width - name - number - round(4 * scale), text))
        self.value.place(scale, QRect(width - number, 0, number, text))
        self.bar.setGeometry(0, text, width, bar)
