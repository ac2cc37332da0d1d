"""Which colour is which genre, and how many files are of it."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.window.files.table import Row
from app.window.theme import Theme, font
from app.window.widgets import Part, fill, painting

DOT, HEIGHT = 10, 26  # pixels at scale 1


class GenreKey(Part):
    """All genres in their order, in as many lines as the width asks for."""

    def __init__(self, parent: QWidget, theme: Theme, genres: tuple[str, ...]) -> None:
        super().__init__(parent, theme)
        self._genres = genres
        self.counts: Counter[int] = Counter()
        self.setObjectName("files_key")
        self._tell()

    def count(self, rows: list[Row]) -> None:
        """Show how many files are of each genre."""
        counts = Counter(row.genre for row in rows if row.has_genre)
        if counts != self.counts:
            self.counts = counts
            self._tell()
            self.update()

    def _texts(self) -> list[str]:
        return [f"{genre} {self.counts[at]}" if self.counts[at] else genre for at, genre in enumerate(self._genres)]

    def _tell(self) -> None:
        self.setAccessibleName(f"Genres: {', '.join(self._texts())}")

    def arrange(self) -> None:
        metrics = QFontMetrics(font(14, self.scale))
        widest = max(metrics.horizontalAdvance(f"{genre} 000") for genre in self._genres)
        self._each = widest + self.px(DOT + 8 + 10)
        self._columns = max(1, min(len(self._genres), self.width() // self._each))
        lines = -(-len(self._genres) // self._columns)
        self.setFixedHeight(lines * self.px(HEIGHT))

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self.arrange()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        size, line = self.px(DOT), self.px(HEIGHT)
        with painting(self) as painter:
            painter.setFont(font(14, self.scale))
            metrics = painter.fontMetrics()
            for at, text in enumerate(self._texts()):
                left, top = at % self._columns * self._each, at // self._columns * line
                dot = QRectF(left, top + (line - size) / 2, size, size)
                painter.setPen(Qt.PenStyle.NoPen)
                fill(painter, self.theme.colour(at), dot, 3)
                painter.setPen(self.theme.colour("text" if self.counts[at] else "muted"))
                baseline = top + (line + metrics.ascent() - metrics.descent()) / 2
                painter.drawText(QPointF(left + size + self.px(8), baseline), text)
