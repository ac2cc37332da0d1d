"""One shown text: a label that never clips and never moves its neighbours."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from app.window.palettes import Role
from app.window.theme import Theme, font

SMALLEST_SHARE = 0.62  # a text that is too long shrinks to this share of its size, then ends in dots
SMALLEST_SHRUNK = 9  # pixels
Weight = QFont.Weight
LEFT = Qt.AlignmentFlag.AlignLeft


class Reading(QLabel):
    """Shows one text in one size; shrinks it where the place is too narrow."""

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        colour: Role,
        size: float,
        weight: QFont.Weight = Weight.Normal,
        align: Qt.AlignmentFlag = LEFT,
        text: str = "",
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._theme = theme
        self._colour, self._size, self._weight, self._align = colour, size, weight, align
        self._scale = 1.0
        self._fitted: tuple[str, int, QFont] | None = None

    def named(self, name: str, accessible: str, tip: str) -> Reading:
        """Give it the names by which tests, screen readers and the mouse find it; returns itself."""
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setAccessibleDescription(tip)
        self.setToolTip(tip)
        return self

    def show_text(self, text: str, colour: Role | None = None) -> None:
        """Redraws only when something changed."""
        if colour is not None and colour != self._colour:
            self._colour = colour
            self.update()
        if text != self.text():
            self.setText(text)

    @property
    def colour(self) -> Role:
        """What the colour of the text is for."""
        return self._colour

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self._scale = scale
        self._fitted = None
        self.setGeometry(rectangle)

    def natural_width(self) -> int:
        """Width in pixels that the text takes when nothing shrinks it."""
        return QFontMetrics(font(self._size, self._scale, self._weight)).horizontalAdvance(self.text())

    def fitted_font(self) -> QFont:
        """The font in which the present text fits its place."""
        text, width = self.text(), self.width()
        if self._fitted is None or self._fitted[:2] != (text, width):
            made = font(self._size, self._scale, self._weight)
            natural = QFontMetrics(made).horizontalAdvance(text)
            if natural > width > 0:
                shrunk = int(made.pixelSize() * max(SMALLEST_SHARE, width / natural))
                made.setPixelSize(max(SMALLEST_SHRUNK, shrunk))
            self._fitted = text, width, made
        return self._fitted[2]

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        fitting = self.fitted_font()
        painter = QPainter(self)
        painter.setFont(fitting)
        painter.setPen(self._theme.colour(self._colour))
        metrics = QFontMetrics(fitting)
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        # The hook of a j reaches to the left of where the letter begins.
        hook = max(0, -metrics.leftBearing(text[0])) if text and self._align == LEFT else 0
        painter.drawText(self.rect().adjusted(hook, 0, 0, 0), self._align | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
