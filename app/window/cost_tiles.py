"""The last row of the cost panel: whether both agree, the share of the budget, what was saved, kept and lost."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.live.costs import CostReport
from app.window import cost_words, words
from app.window.palettes import Role
from app.window.theme import Theme
from app.window.tile import Tile

BUSY, FULL = 0.7, 1.0  # shares of the frame budget from which it is a warning, and from which it is too much
WIDTHS = (0.17, 0.18, 0.19, 0.16, 0.12, 0.18)


class CostTiles(QWidget):
    """Six numbers in a row."""

    def __init__(self, parent: QWidget, theme: Theme, frame_seconds: float) -> None:
        super().__init__(parent)
        self._theme = theme
        budget = f"Share of {frame_seconds * 1e3:.1f} ms"
        self.tiles = [
            Tile(self, theme, heading, tip, name, below)
            for heading, tip, name, below in (
                ("Largest difference", cost_words.DIFFERENCE, "largest_difference", "present_difference"),
                (budget, cost_words.BUDGET, "budget_step", "budget_twin"),
                ("Arithmetic saved", cost_words.SAVED, "saved", "saved_words"),
                ("Memory of state", cost_words.MEMORY, "memory_step", "memory_twin"),
                ("Frames", cost_words.FRAMES, "frames", "missed"),
                ("Dropped samples", cost_words.DROPPED, "dropped", "dropped_words"),
            )
        ]

    def show_report(self, report: CostReport, missed: int) -> None:
        """Show the present figures; `missed` snapshots never reached the window."""
        difference, budget, saved, memory, frames, dropped = self.tiles
        difference.value.show_text(words.difference(report.largest_difference))
        difference.below.show_text(f"now {words.difference(report.present_difference)}")
        verdict, urgency = budget_verdict(report.step_share)
        budget.value.show_text(words.budget_share(report.step_share), urgency)
        budget.below.show_text(f"{verdict}twin {words.budget_share(report.twin_share)}")
        saved.value.show_text(words.flops(report.saved_flops))
        saved.below.show_text("in this session")
        memory.value.show_text(words.memory(report.model.step_bytes))
        memory.below.show_text(f"twin {words.memory(report.model.twin_bytes)}")
        frames.value.show_text(words.whole(report.frames))
        frames.below.show_text(f"{words.whole(missed)} not drawn", "warning" if missed else "muted")
        lost = report.dropped > 0
        dropped.value.show_text(words.whole(report.dropped), "warning" if lost else "text")
        dropped.below.show_text("sound was lost" if lost else "all sound heard")

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self.setGeometry(rectangle)
        left, gap, line = 0, round(12 * scale), round(10 * scale)
        for tile, share in zip(self.tiles, WIDTHS, strict=True):
            width = round(rectangle.width() * share)
            tile.place(scale, QRect(left, line, width - gap, rectangle.height() - line))
            left += width

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, self._theme.colour("line"))
        painter.end()


def budget_verdict(share: float | None) -> tuple[str, Role]:
    """What is to be thought of a share of the budget, before it is known nothing, and the colour of its number."""
    if share is None:
        return "", "text"
    if share > FULL:
        return "over; ", "problem"
    return ("warning; ", "warning") if share > BUSY else ("ok; ", "text")
