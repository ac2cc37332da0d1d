"""The last row of the details: whether both models agree, and what they take, keep and lose."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from app.live.costs import CostReport
from app.window import words
from app.window.explained import Explained
from app.window.theme import Role, Theme
from app.window.widgets import Reading, Weight
from audio import FRAME_SECONDS

BUSY, FULL = 0.7, 1.0  # shares of the frame budget from which it is a warning, and from which it is too much


# Whether both models agree, the share of the budget, what was saved, kept and lost: as `Tile` takes them.
TILES = (
    ("Largest difference", words.DIFFERENCE, "largest_difference", "present_difference"),
    (f"Share of {FRAME_SECONDS * 1e3:.1f} ms", words.BUDGET, "budget_step", "budget_twin"),
    ("Arithmetic saved", words.SAVED, "saved", "saved_words"),
    ("Memory of state", words.MEMORY, "memory_step", "memory_twin"),
    ("Frames", words.FRAMES, "frames", "missed"),
    ("Lost sound", words.LOST, "lost", "lost_words"),
)


class Tile(Explained):
    """A quiet heading, a number, a line that completes it. `name` names the number, `below_name` the line below it."""

    def __init__(self, parent: QWidget, theme: Theme, heading: str, tip: str, name: str, below_name: str) -> None:
        super().__init__(parent, theme)
        self.title = Reading(self, theme, "muted", 12, text=heading)
        self.value = Reading(self, theme, "text", 20, Weight.Bold, text=words.UNKNOWN).named(name, heading)
        self.below = Reading(self, theme, "muted", 12).named(below_name, f"{heading}, more")
        self.explain(heading, tip)

    def show_figures(self, value: str, colour: Role, below: str, below_colour: Role) -> None:
        """Show these, in these colours."""
        self.value.show_text(value, colour)
        self.below.show_text(below, below_colour)

    def arrange(self) -> None:
        width, height = self.width(), self.height()
        heading, value = round(height * 0.28), round(height * 0.44)
        self.title.place(self.scale, QRect(0, 0, width, heading))
        self.value.place(self.scale, QRect(0, heading, width, value))
        self.below.place(self.scale, QRect(0, heading + value, width, height - heading - value))


def figures_of(report: CostReport, missed: int) -> list[tuple[str, Role, str, Role]]:
    """What each tile shows, with its colours: the number and the line below it."""
    model, lost = report.model, report.lost_seconds > 0
    verdict, urgency = budget_verdict(report.step_share)
    twin_share = words.budget_share(report.twin_share)
    return [
        (
            words.difference(report.largest_difference),
            "text",
            f"now {words.difference(report.present_difference)}",
            "muted",
        ),
        (words.budget_share(report.step_share), urgency, f"{verdict}ordinary {twin_share}", "muted"),
        (words.flops(report.saved_flops), "text", "in this session", "muted"),
        (words.flops(model.step_bytes, "B"), "text", f"ordinary {words.flops(model.twin_bytes, 'B')}", "muted"),
        (words.whole(report.frames), "text", f"{words.whole(missed)} not drawn", "warning" if missed else "muted"),
        (
            words.seconds(report.lost_seconds),
            "warning" if lost else "text",
            "sound was lost" if lost else "all sound heard",
            "muted",
        ),
    ]


def budget_verdict(share: float | None) -> tuple[str, Role]:
    """What is to be thought of a share of the budget, before it is known nothing, and the colour of its number."""
    if share is None:
        return "", "text"
    if share > FULL:
        return "over; ", "problem"
    return ("warning; ", "warning") if share > BUSY else ("ok; ", "text")
