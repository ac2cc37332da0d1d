"""The last row of the cost panel: whether both agree, the share of the budget, frames, and what was lost."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.costs import CostReport
from app.window import cost_words, words
from app.window.palettes import Role
from app.window.theme import Theme
from app.window.tile import Tile

BUSY, FULL = 0.7, 1.0  # shares of the frame budget from which they are said in another colour
WIDTHS = (0.30, 0.34, 0.16, 0.20)


class CostTiles(QWidget):
    """Four numbers in a row."""

    def __init__(self, parent: QWidget, theme: Theme, frame_seconds: float) -> None:
        super().__init__(parent)
        self._theme = theme
        budget = f"Share of the {frame_seconds * 1e3:.1f} ms per frame"
        self.tiles = [
            Tile(self, theme, heading, tip, name, below)
            for heading, tip, name, below in (
                ("Largest difference", cost_words.DIFFERENCE, "largest_difference", "present_difference"),
                (budget, cost_words.BUDGET, "budget_step", "budget_twin"),
                ("Frames", cost_words.FRAMES, "frames", "missed"),
                ("Dropped samples", cost_words.DROPPED, "dropped", "dropped_words"),
            )
        ]

    def show_report(self, report: CostReport, missed: int) -> None:
        """Show the present figures; `missed` snapshots never reached the window."""
        difference, budget, frames, dropped = self.tiles
        difference.value.show_text(words.difference(report.largest_difference))
        difference.below.show_text(f"in probability; now {words.difference(report.present_difference)}")
        share = report.step_share or 0.0
        urgency: Role = "problem" if share > FULL else "warning" if share > BUSY else "text"
        budget.value.show_text(words.budget_share(report.step_share), urgency)
        budget.below.show_text(f"twin {words.budget_share(report.twin_share)}")
        frames.value.show_text(words.whole(report.frames))
        frames.below.show_text(f"{words.whole(missed)} not drawn", "warning" if missed else "muted")
        lost = report.dropped > 0
        dropped.value.show_text(words.whole(report.dropped), "warning" if lost else "text")
        dropped.below.show_text("sound was lost" if lost else "all sound was heard")

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self.setGeometry(rectangle)
        left, gap, line = 0, round(16 * scale), round(10 * scale)
        for tile, share in zip(self.tiles, WIDTHS, strict=True):
            width = round(rectangle.width() * share)
            tile.place(scale, QRect(left, line, width - gap, rectangle.height() - line))
            left += width

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, self._theme.colour("line"))
        painter.end()
