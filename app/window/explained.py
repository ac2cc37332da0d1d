"""What explains itself: one click, or Enter while it has the focus, says in plain words what it is."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.window.theme import Role, Theme, text_pixels
from app.window.widgets import Part, Reading, fill, painting, plain_label, space, style_text

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
WIDTH = 400  # pixels of an explanation at scale 1


class Explained(Part):
    """Reached by Tab, with a ring then."""

    wished = Signal(object)  # itself: an explanation is wished

    def __init__(self, parent: QWidget, theme: Theme, heading: str = "", explanation: str = "") -> None:
        super().__init__(parent, theme)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.explain(heading, explanation)

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


class ExplainedText(Explained):
    """A text that explains itself; `name` is that of the text."""

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        colour: Role,
        size: float,
        weight: QFont.Weight,
        name: str,
        heading: str,
        explanation: str,
    ) -> None:
        super().__init__(parent, theme, heading, explanation)
        self.reading = Reading(self, theme, colour, size, weight).named(name, heading)

    def arrange(self) -> None:
        self.reading.place(self.scale, self.rect())


class Explanation(QFrame):
    """A card beside what it explains; it goes with Escape, or with a click anywhere else."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._theme = theme
        self.setObjectName("explanation")
        self.heading, self.words = plain_label(self), plain_label(self)
        self._column = QVBoxLayout(self)
        # What was explained before may have been longer, and must not say how tall this is.
        self._column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        self._column.addWidget(self.heading)
        self._column.addWidget(self.words)
        self._explained: Explained | None = None
        theme.changed.connect(self._wear)
        for explained in parent.findChildren(Explained):
            explained.wished.connect(self.show_beside)

    def show_beside(self, explained: Explained) -> None:
        """Explain this, at its scale."""
        self._explained = explained
        palette, scale = self._theme.palette, explained.scale
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

    def _wear(self) -> None:
        if self.isVisible() and self._explained is not None:
            self.show_beside(self._explained)

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
