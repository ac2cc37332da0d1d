"""A rounded field with a quiet title, on which everything that is shown stands."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.window.reading import Reading, Weight
from app.window.theme import Theme

PADDING, TITLE_HEIGHT = 18, 20  # pixels at scale 1


class Panel(QWidget):
    """Its children stand where `arrange` puts them, which runs again after every change of size or scale."""

    def __init__(self, parent: QWidget, theme: Theme, title: str) -> None:
        super().__init__(parent)
        self.theme = theme
        self.scale = 1.0
        self.title = Reading(self, theme, "muted", 13, Weight.DemiBold, text=title)
        self.setAccessibleName(title)
        theme.changed.connect(self.recolour)

    def set_scale(self, scale: float) -> None:
        """Draw everything larger or smaller."""
        if scale != self.scale:
            self.scale = scale
            self._arrange_all()
            self.update()

    def px(self, length: float) -> int:
        """A length at scale 1 in pixels of now."""
        return round(length * self.scale)

    def inside(self) -> QRect:
        """What is left for the content, below the title."""
        padding = self.px(PADDING)
        top = self.px(14) + self.px(TITLE_HEIGHT) + self.px(8)
        return QRect(padding, top, self.width() - 2 * padding, self.height() - top - self.px(14))

    def beside_title(self) -> QRect:
        """The free part of the title's line."""
        left = self.title.geometry().right() + self.px(20)
        return QRect(left, self.title.y(), self.width() - self.px(PADDING) - left, self.title.height())

    def arrange(self, inside: QRect) -> None:
        """Put the children into `inside`, what is left below the title."""

    def recolour(self) -> None:
        """The theme has changed: `arrange` runs again, for what takes its colours there."""
        self._arrange_all()
        self.update()

    def _arrange_all(self) -> None:
        width = self.title.natural_width() + 4
        self.title.place(self.scale, QRect(self.px(PADDING), self.px(14), width, self.px(TITLE_HEIGHT)))
        width = min(self.title.natural_width() + 4, self.width() - 2 * self.px(PADDING))
        self.title.resize(width, self.px(TITLE_HEIGHT))
        self.arrange(self.inside())

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self._arrange_all()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour("panel"))
        radius = 12 * self.scale
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        painter.end()
