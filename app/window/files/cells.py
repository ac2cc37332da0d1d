"""How the cells are drawn that are more than a word: the genre, the confidence, the timeline."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from app.window.files.table import CONFIDENCE, FILE, GENRE, LENGTH, ROW_ROLE, TIMELINE, Row
from app.window.palettes import Role
from app.window.theme import Theme, font

HEIGHT = 38  # pixels at scale 1
FAINTEST = 0.35  # opacity of a stretch whose genre has probability 0


class Cells(QStyledItemDelegate):
    """`scale` is the window's; genre colours are those of everywhere."""

    def __init__(self, table: QTableView, theme: Theme, genres: tuple[str, ...]) -> None:
        super().__init__(table)
        self._table = table
        self._theme, self._genres = theme, genres
        self.scale = 1.0

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        return QSize(super().sizeHint(option, index).width(), round(HEIGHT * self.scale))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: Row = index.data(ROW_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self._theme.colour("raised"))
        margin = round(10 * self.scale)
        inside = QRectF(option.rect).adjusted(margin, 0, -margin, 0)
        column = index.column()
        if row.state == "failed" and column != FILE:
            if column == LENGTH:  # the last to be drawn: the sentence reaches over the empty cells before it
                inside.setLeft(self._table.columnViewportPosition(GENRE) + margin)
                self._paint_text(painter, inside, row.error, row)
        elif column == TIMELINE and row.state in ("done", "working"):
            self._paint_timeline(painter, inside, row)
        else:
            if column == CONFIDENCE and row.answer is not None:
                inside = self._paint_confidence(painter, inside, row)
            self._paint_text(painter, inside, index.data(), row, is_genre=column == GENRE)
        painter.restore()

    def _paint_text(self, painter: QPainter, place: QRectF, text: str, row: Row, is_genre: bool = False) -> None:
        painter.setFont(font(15, self.scale))
        role: Role = (
            "muted" if row.state in ("waiting", "cancelled") else "problem" if row.state == "failed" else "text"
        )
        if is_genre and row.answer is not None:
            painter.setBrush(self._theme.colour(self._genres.index(row.answer.genre)))
            painter.setPen(Qt.PenStyle.NoPen)
            size = 10 * self.scale
            painter.drawRoundedRect(QRectF(place.x(), place.center().y() - size / 2, size, size), 3, 3)
            place = place.adjusted(size + 8 * self.scale, 0, 0, 0)
        painter.setPen(self._theme.colour(role))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def _paint_confidence(self, painter: QPainter, place: QRectF, row: Row) -> QRectF:
        assert row.answer is not None
        words = 52 * self.scale
        height = 8 * self.scale
        bar = QRectF(place.x() + words, place.center().y() - height / 2, place.width() - words, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("line"))
        painter.drawRoundedRect(bar, height / 2, height / 2)
        bar.setWidth(max(height, bar.width() * row.answer.probability))
        painter.setBrush(self._theme.colour(self._genres.index(row.answer.genre)))
        painter.drawRoundedRect(bar, height / 2, height / 2)
        return place.adjusted(0, 0, words - place.width(), 0)

    def _paint_timeline(self, painter: QPainter, place: QRectF, row: Row) -> None:
        height = 16 * self.scale
        bar = QRectF(place.x(), place.center().y() - height / 2, place.width(), height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(self._theme.colour("line"))
        painter.drawRect(bar)
        if row.state == "working":
            painter.setBrush(self._theme.colour("accent"))
            painter.drawRect(QRectF(bar.x(), bar.y(), bar.width() * row.share, bar.height()))
        for start, end, genre, probability in row.stretches:
            painter.setBrush(self._theme.colour(genre, FAINTEST + (1 - FAINTEST) * probability))
            painter.drawRect(QRectF(bar.x() + start * bar.width(), bar.y(), (end - start) * bar.width(), bar.height()))
