"""One number of the cost panel's last row: a quiet heading, the number, a line that completes it."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from app.window import words
from app.window.reading import Reading, Weight
from app.window.theme import Theme


class Tile(QWidget):
    """`name` names the number, `below_name` the line below it."""

    def __init__(self, parent: QWidget, theme: Theme, heading: str, tip: str, name: str, below_name: str) -> None:
        super().__init__(parent)
        self.setToolTip(tip)
        self.heading = Reading(self, theme, "muted", 13, text=heading)
        self.value = Reading(self, theme, "text", 24, Weight.Bold, text=words.UNKNOWN).named(name, heading, tip)
        self.below = Reading(self, theme, "muted", 13).named(below_name, f"{heading}, more", tip)

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self.setGeometry(rectangle)
        width, height = rectangle.width(), rectangle.height()
        heading, value = round(height * 0.28), round(height * 0.44)
        self.heading.place(scale, QRect(0, 0, width, heading))
        self.value.place(scale, QRect(0, heading, width, value))
        self.below.place(scale, QRect(0, heading + value, width, height - heading - value))
