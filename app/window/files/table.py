"""The table behind the files page: a row a file, in one of four states."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.files.answer import FileAnswer, FileError
from app.files.console import clock

COLUMNS = ("File", "Genre", "Confidence", "Through the file", "Length")
FILE, GENRE, CONFIDENCE, TIMELINE, LENGTH = range(len(COLUMNS))
SORT_ROLE = Qt.ItemDataRole.UserRole
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex
State = Literal["waiting", "working", "done", "failed", "cancelled"]
NOWHERE = QModelIndex()


@dataclass(slots=True)
class Row:
    """One file. stretches: (start, end, place of the genre, probability) of its timeline, times as shares 0..1."""

    path: str
    state: State = "waiting"
    share: float = 0.0
    answer: FileAnswer | None = None
    error: str = ""
    stretches: tuple[tuple[float, float, int, float], ...] = ()


class FilesTable(QAbstractTableModel):
    """Rows only come, and change; `clear` takes all away."""

    def __init__(self, genres: tuple[str, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._genres = genres
        self.rows: list[Row] = []

    def add(self, paths: Sequence[str]) -> int:
        """Rows that wait -> the number of the first."""
        first = len(self.rows)
        if paths:
            self.beginInsertRows(NOWHERE, first, first + len(paths) - 1)
            self.rows += [Row(path) for path in paths]
            self.endInsertRows()
        return first

    def progress(self, number: int, share: float) -> None:
        """That file is being heard."""
        row = self.rows[number]
        row.state, row.share = "working", share
        self._changed(number)

    def answer(self, number: int, result: FileAnswer | FileError) -> None:
        """That file is done."""
        row = self.rows[number]
        if isinstance(result, FileError):
            row.state, row.error = "failed", result.error
        else:
            row.state, row.answer = "done", result
            length = max(result.duration, 1e-9)
            row.stretches = tuple(
                (part.start / length, part.end / length, self._genres.index(part.genre), part.probability)
                for part in result.timeline.segments()
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
            return sort_key(row, column)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.error or row.path
        return None

    def _changed(self, number: int) -> None:
        self.dataChanged.emit(self.index(number, 0), self.index(number, len(COLUMNS) - 1))


def text(row: Row, column: int) -> str:
    """What stands in a cell; the timeline is drawn, and has words only where there is none."""
    if column == FILE:
        return os.path.basename(row.path)
    if row.answer is None:
        if column == TIMELINE:
            return {"waiting": "waiting", "failed": row.error, "cancelled": "cancelled"}.get(row.state, "")
        return ""
    if column == GENRE:
        return f"{row.answer.genre}?" if row.answer.unsure else row.answer.genre
    if column == CONFIDENCE:
        return f"{row.answer.probability * 100:.0f} %"
    return clock(row.answer.duration) if column == LENGTH else ""


def sort_key(row: Row, column: int) -> str | float:
    """What a cell is sorted by; files without an answer come last in a falling order."""
    if column == FILE:
        return os.path.basename(row.path).casefold()
    if row.answer is None:
        return "" if column in (GENRE, TIMELINE) else -1.0
    if column == GENRE:
        return row.answer.genre
    if column == CONFIDENCE:
        return row.answer.probability
    if column == TIMELINE:  # the most changing first
        return f"{len(row.stretches):06}"
    return row.answer.duration
