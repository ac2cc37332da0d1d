"""Numbers that explain themselves, and those in the last row of the cost panel."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.live.costs import CostReport
from app.window import words
from app.window.theme import Role, Theme, text_pixels
from app.window.widgets import Part, Reading, Weight, fill, painting, plain_label, space, style_text
from audio import FRAME_SECONDS

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
WIDTH = 400  # pixels of an explanation at scale 1
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


class Explained(Part):
    """One click, or Enter while it has the focus, says in plain words what it is; reached by Tab, with a ring then."""

    wished = Signal(object)  # itself: an explanation is wished

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self.heading, self.explanation = "", ""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def explain(self, heading: str, explanation: str) -> None:
        """Say what it is, in plain words."""
        self.heading, self.explanation = heading, explanation
        self.setAccessibleName(heading)
        self.setAccessibleDescription(explanation)
        self.setToolTip(f"{heading}: click for an explanation")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self.wished.emit(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in ENTER:
            self.wished.emit(self)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        if self.hasFocus():
            with painting(self) as painter:
                painter.setPen(QPen(self.theme.colour("accent"), 1.0))
                painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)


class Explanation(QFrame):
    """A card beside what it explains; it goes with Escape, or with a click anywhere else."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._theme = theme
        self.setObjectName("explanation")
        self.heading, self.words = plain_label(self), plain_label(self)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.heading)
        self._column.addWidget(self.words)

    def show_beside(self, explained: Explained, scale: float) -> None:
        """Explain this, at this scale."""
        palette = self._theme.palette
        self.heading.setText(explained.heading)
        self.words.setText(explained.explanation)
        self.setAccessibleName(f"{explained.heading}: {explained.explanation}")
        style_text(self.heading, palette.text, text_pixels(16, scale), 700)
        style_text(self.words, palette.muted, text_pixels(14, scale))
        space(self._column, round(18 * scale), round(8 * scale))
        width = round(WIDTH * scale)
        self.resize(width, self._column.totalHeightForWidth(width))
        self.move(self._place(explained))
        self.show()

    def _place(self, explained: Explained) -> QPoint:
        """Above what it explains if there is room, below if not; never outside the window."""
        window = explained.window()
        inside = window.geometry() if window.isWindow() else window.rect()
        corner = explained.mapToGlobal(QPoint(0, 0))
        top = corner.y() - self.height() - 6
        if top < inside.top():
            top = min(corner.y() + explained.height() + 6, inside.bottom() - self.height())
        left = min(max(corner.x(), inside.left() + 6), inside.right() - self.width() - 6)
        return QPoint(left, max(top, inside.top()))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            painter.setPen(QPen(self._theme.colour("accent"), 1.0))
            # A window of its own: round corners would be black.
            fill(painter, self._theme.colour("raised"), QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))


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
        (words.budget_share(report.step_share), urgency, f"{verdict}twin {twin_share}", "muted"),
        (words.flops(report.saved_flops), "text", "in this session", "muted"),
        (words.flops(model.step_bytes, "B"), "text", f"twin {words.flops(model.twin_bytes, 'B')}", "muted"),
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
