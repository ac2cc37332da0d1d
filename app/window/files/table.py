"""The table of the files page: a row a file, in one of four states, and how its cells are drawn."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from app.files.answer import FileAnswer, FileError
from app.files.formats import length_heard, say, shortcomings
from app.text import clock
from app.window.theme import Role, Theme, font
from app.window.widgets import fill

COLUMNS = ("File", "Genre", "Confidence", "Through the file", "Length")
FILE, GENRE, CONFIDENCE, TIMELINE, LENGTH = range(len(COLUMNS))
SORT_ROLE = Qt.ItemDataRole.UserRole
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex
State = Literal["waiting", "working", "done", "failed", "cancelled"]
NOWHERE = QModelIndex()
HEIGHT = 38  # pixels at scale 1
FAINTEST = 0.35  # opacity of a stretch whose genre has probability 0


@dataclass(slots=True)
class Row:
    """One file. stretches: (start, end, place of the genre, probability) of its timeline, times as shares 0..1."""

    path: str
    state: State = "waiting"
    share: float = 0.0
    answer: FileAnswer | None = None
    genre: int = 0  # its place in the model's order, once there is an answer
    error: str = ""
    stretches: tuple[tuple[float, float, int, float], ...] = ()

    @property
    def has_genre(self) -> bool:
        """There is an answer, and more than silence to judge."""
        return self.answer is not None and self.answer.verdict in ("genre", "unsure")


class FilesTable(QAbstractTableModel):
    """Rows only come, and change; `clear` takes all away."""

    def __init__(self, genres: tuple[str, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._genres = genres
        self.rows: list[Row] = []

    def add(self, paths: Sequence[str]) -> None:
        """Rows that wait, behind those that there are."""
        first = len(self.rows)
        if paths:
            self.beginInsertRows(NOWHERE, first, first + len(paths) - 1)
            self.rows += [Row(path) for path in paths]
            self.endInsertRows()

    def wait_again(self, numbers: Sequence[int]) -> None:
        """These are classified once more."""
        for number in numbers:
            self.rows[number] = Row(self.rows[number].path)
            self._changed(number)

    def progress(self, number: int, share: float) -> None:
        """So much of that file is classified."""
        if number >= len(self.rows):
            return  # cleared meanwhile
        row = self.rows[number]
        row.state, row.share = "working", share
        self._changed(number)

    def answer(self, number: int, result: FileAnswer | FileError) -> None:
        """That file is done."""
        if number >= len(self.rows):
            return  # cleared meanwhile
        row = self.rows[number]
        if isinstance(result, FileError):
            row.state, row.error = "failed", result.error
        else:
            row.state, row.answer, row.genre = "done", result, self._genres.index(result.genre)
            length = max(result.duration, 1e-9)
            row.stretches = tuple(
                (part.start / length, part.end / length, self._genres.index(part.genre), part.probability)
                for part in result.timeline.segments()
                if part.verdict != "silence"
            )
        self._changed(number)

    def give_up(self) -> None:
        """What is not done will not be."""
        for number, row in enumerate(self.rows):
            if row.state in ("waiting", "working"):
                row.state = "cancelled"
                self._changed(number)

    def clear(self) -> None:
        """No files."""
        self.beginResetModel()
        self.rows = []
        self.endResetModel()

    def known(self) -> dict[str, int]:
        """The number of each file, by its absolute path."""
        return {os.path.abspath(row.path): number for number, row in enumerate(self.rows)}

    def unanswered(self) -> list[str]:
        """Files that failed or were cancelled."""
        return [row.path for row in self.rows if row.state in ("failed", "cancelled")]

    def answers(self) -> list[FileAnswer]:
        """Of all that are done, in the order in which they were added."""
        return [row.answer for row in self.rows if row.answer is not None]

    def errors(self) -> list[FileError]:
        """Of all that failed."""
        return [FileError(row.path, row.error) for row in self.rows if row.state == "failed"]

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: N802
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row, column = self.rows[index.row()], index.column()
        if role == ROW_ROLE:
            return row
        if role == SORT_ROLE:
            return cell(row, column)[1]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return cell(row, column)[0]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return row.error or "\n".join([row.path, *details(row.answer)])
        return None

    def _changed(self, number: int) -> None:
        self.dataChanged.emit(self.index(number, 0), self.index(number, len(COLUMNS) - 1))


def details(answer: FileAnswer | None) -> list[str]:
    """What `nystream classify -v` says beside the answer, and why there is silence where that is known."""
    if answer is None:
        return []
    why = [say(answer)] if answer.verdict == "cancelled" else []
    return [length_heard(answer), *shortcomings(answer), *why]


def cell(row: Row, column: int) -> tuple[str, str | float]:
    """What stands in a cell, and what it is sorted by; files without an answer come last in a falling order.

    The timeline is drawn, and has words only where there is none; the one that changes most is sorted first.
    """
    if column == FILE:
        name = os.path.basename(row.path)
        return name, name.casefold()
    answer = row.answer
    if answer is None:
        said = {"waiting": "waiting", "failed": row.error, "cancelled": "cancelled"}.get(row.state, "")
        return (said, "") if column == TIMELINE else ("", "" if column == GENRE else -1.0)
    genre = f"{answer.genre}?" if answer.unsure else answer.genre
    cells: dict[int, tuple[str, str | float]] = {
        GENRE: (genre, answer.genre) if row.has_genre else ("silence", "silence"),
        CONFIDENCE: (f"{answer.probability * 100:.0f} %", answer.probability) if row.has_genre else ("", -1.0),
        TIMELINE: ("", f"{len(row.stretches):06}"),
        LENGTH: (clock(answer.duration), answer.duration),
    }
    return cells[column]


class Cells(QStyledItemDelegate):
    """Draws the cells that are more than a word. `scale` is the window's; genre colours are those of everywhere."""

    def __init__(self, table: QTableView, theme: Theme) -> None:
        super().__init__(table)
        self._table, self._theme = table, theme
        self.scale = 1.0

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(super().sizeHint(option, index).width(), round(HEIGHT * self.scale))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self._theme.colour("raised"))
        painter.setPen(Qt.PenStyle.NoPen)
        margin = round(10 * self.scale)
        inside = QRectF(option.rect).adjusted(margin, 0, -margin, 0)
        column = index.column()
        roles: dict[State, Role] = {"waiting": "muted", "cancelled": "muted", "failed": "problem"}
        role = roles.get(row.state, "text")
        if column == LENGTH and row.answer is not None and shortcomings(row.answer):
            role = "warning"
        if row.state == "failed" and column != FILE:
            if column == LENGTH:  # the last to be drawn: the sentence reaches over the empty cells before it
                inside.setLeft(self._table.columnViewportPosition(GENRE) + margin)
                self._paint_text(painter, inside, row.error, role)
        elif column == TIMELINE and row.state in ("done", "working"):
            self._paint_timeline(painter, inside, row)
        else:
            if column == GENRE and row.has_genre:
                inside = self._paint_dot(painter, inside, row)
            elif column == CONFIDENCE and row.answer is not None and row.has_genre:
                inside = self._paint_confidence(painter, inside, row, row.answer.probability)
            self._paint_text(painter, inside, index.data(), role)
        painter.restore()

    def _paint_text(self, painter: QPainter, place: QRectF, text: str, role: Role) -> None:
        painter.setFont(font(15, self.scale))
        painter.setPen(self._theme.colour(role))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def _paint_dot(self, painter: QPainter, place: QRectF, row: Row) -> QRectF:
        """The genre's colour; returns the rest of the place."""
        size = 10 * self.scale
        dot = QRectF(place.x(), place.center().y() - size / 2, size, size)
        fill(painter, self._theme.colour(row.genre), dot, 3)
        return place.adjusted(size + 8 * self.scale, 0, 0, 0)

    def _paint_confidence(self, painter: QPainter, place: QRectF, row: Row, probability: float) -> QRectF:
        """A bar; returns the place of the number before it."""
        number, height = 52 * self.scale, 8 * self.scale
        bar = QRectF(place.x() + number, place.center().y() - height / 2, place.width() - number, height)
        fill(painter, self._theme.colour("line"), bar, height / 2)
        bar.setWidth(max(height, bar.width() * probability))
        fill(painter, self._theme.colour(row.genre), bar, height / 2)
        return place.adjusted(0, 0, number - place.width(), 0)

    def _paint_timeline(self, painter: QPainter, place: QRectF, row: Row) -> None:
        height = 16 * self.scale
        top = place.center().y() - height / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        fill(painter, self._theme.colour("line"), QRectF(place.x(), top, place.width(), height))
        if row.state == "working":
            fill(painter, self._theme.colour("accent"), QRectF(place.x(), top, place.width() * row.share, height))
        for start, end, genre, probability in row.stretches:
            colour = self._theme.colour(genre, FAINTEST + (1 - FAINTEST) * probability)
            left, width = place.x() + start * place.width(), (end - start) * place.width()
            fill(painter, colour, QRectF(left, top, width, height))
