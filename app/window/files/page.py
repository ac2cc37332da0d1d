"""The files page: drop a folder, watch the table fill, play a row, take the answers away."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.files.formats import Run
from app.files.output import WRITERS
from app.files.parameters import Parameters
from app.stream.models import identify
from app.text import clock
from app.window.exports import ask_where, save
from app.window.files.batch import Batch
from app.window.files.key import GenreKey
from app.window.files.table import CONFIDENCE, FILE, GENRE, HEIGHT, LENGTH, SORT_ROLE, TIMELINE, Cells, FilesTable, Row
from app.window.theme import Theme, text_pixels
from app.window.widgets import DOTS, Part, dress, named, plain_label, style_text

EMPTY = "Drop sound files or whole folders here"
EMPTY_MORE = (
    "Each is heard in a process of its own, as nystream classify does it, and gets a row. "
    "What you listen to meanwhile is not disturbed."
)
NOTHING_DONE = "There are no answers to export yet: add some files first."
WIDTHS = {GENRE: 150, CONFIDENCE: 190, LENGTH: 90}  # pixels at scale 1


class FilesPage(Part):
    """`say` tells the user how an export went."""

    play_wished = Signal(str)

    def __init__(
        self, parent: QWidget, theme: Theme, genres: tuple[str, ...], weights: Path, say: Callable[[str], None]
    ) -> None:
        super().__init__(parent, theme)
        self._genres, self._weights, self._say = genres, weights, say
        self._batch: Batch | None = None
        self._waiting: list[str] = []  # what was added while others were being classified
        self.folder = ""
        self.table = FilesTable(genres, self)
        self._build()
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._show_state()

    def _build(self) -> None:
        self._column, self._row = QVBoxLayout(self), QHBoxLayout()
        self.buttons: dict[str, QPushButton] = {}
        csv, json = partial(self.export, "csv"), partial(self.export, "json")
        for name, text, tip, act in (
            ("add_files", f"Add files{DOTS}", "Choose sound files", self.choose_files),
            ("add_folder", f"Add folder{DOTS}", "What is below it is searched too", self.choose_folder),
            ("play", "Play", "Hear the selected file (Enter, or a double click)", self._play),
            ("cancel", "Cancel", "Stop at once; what is done stays", self.cancel),
            ("retry", "Try again", "Classify what failed or was cancelled once more", self.retry),
            ("clear", "Clear", "Take all rows away", self.clear),
            ("files_csv", f"Export CSV{DOTS}", "One row a file", csv),
            ("files_json", f"Export JSON{DOTS}", "Everything, with the timelines", json),
        ):
            button = self.buttons[name] = dress(QPushButton(self), name, text, tip)
            button.clicked.connect(lambda _checked, act=act: act())
            self._row.addWidget(button)
            if name == "clear":
                self._row.addStretch(1)
        self.progress = named(QProgressBar(self), "files_progress", "Progress of the files")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.state = plain_label(self, "files_state", wraps=False)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.table)
        self._sorted.setSortRole(SORT_ROLE)
        self.view = named(QTableView(self, showGrid=False, wordWrap=False), "files", "Files and what they are")
        self.view.setModel(self._sorted)
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.view.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.view.setAcceptDrops(False)
        self.view.verticalHeader().hide()
        header = self.view.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for stretched in (FILE, TIMELINE):
            header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        self._cells = Cells(self.view, self.theme)
        self.view.setItemDelegate(self._cells)
        self.view.setTabKeyNavigation(False)  # Tab goes on to the next control
        self.view.doubleClicked.connect(self._play)
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # a desktop may activate rows with a single click
            QShortcut(key, self.view, self._play, context=Qt.ShortcutContext.WidgetShortcut)
        self.view.selectionModel().selectionChanged.connect(self._offer_to_play)
        self.key = GenreKey(self, self.theme, self._genres)
        self.empty = QLabel(self)
        self.empty.setObjectName("files_empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self._column.addLayout(self._row)
        for widget, stretch in ((self.progress, 0), (self.state, 0), (self.key, 0), (self.view, 1), (self.empty, 1)):
            self._column.addWidget(widget, stretch)

    def add(self, paths: Sequence[str]) -> None:
        """Classify these files, and what is in these folders, each once; after those that are being classified."""
        if self._batch is not None:
            self._waiting += paths
            self._say("These follow when the others are done.")
            return
        answered = {number for number, row in enumerate(self.table.rows) if row.state == "done"}
        batch = self._batch = Batch(paths, self._weights, self.table.known(), answered, self)
        # It tells from other threads: methods of Qt's objects are called in the window's, lambdas might not be.
        batch.found.connect(self._show_found)
        batch.progressed.connect(self.table.progress)
        batch.answered.connect(self.table.answer)
        batch.ended.connect(self._end)
        self.state.setText("Looking for sound files" + DOTS)
        batch.start()
        self._show_state()

    def cancel(self) -> None:
        """Stop; what is done stays."""
        self._waiting = []
        if self._batch is not None:
            self._batch.cancel()
            self.table.give_up()

    def retry(self) -> None:
        """Classify what failed or was cancelled once more."""
        self.add(self.table.unanswered())

    def clear(self) -> None:
        """An empty table."""
        self.cancel()
        self.table.clear()
        self._show_state()

    def choose_files(self) -> None:
        """Ask for files and add them."""
        chosen, _kind = QFileDialog.getOpenFileNames(self, "Classify sound files", self.folder)
        if chosen:
            self.folder = str(Path(chosen[0]).parent)
            self.add(chosen)

    def choose_folder(self) -> None:
        """Ask for a folder and add what is in it."""
        chosen = QFileDialog.getExistingDirectory(self, "Classify a folder", self.folder)
        if chosen:
            self.folder = chosen
            self.add([chosen])

    def export(self, kind: str, _checked: bool = False) -> None:
        """Write the answers as `nystream classify --format` would. `kind`: csv or json."""
        if not self.table.answers() and not self.table.errors():
            self._say(NOTHING_DONE)
            return
        path = ask_where(self, f"genres.{kind}", kind.upper(), self.folder)
        if path is not None:
            self._say(save(path, self.document(kind))[1])

    def document(self, kind: str) -> bytes:
        """All answers in that format."""
        stream = io.StringIO()
        run = Run(identify(self._weights), Parameters().described(), self._genres)
        writer = WRITERS[kind](stream, run)
        for answer in self.table.answers():
            writer.add(answer)
        writer.finish(self.table.errors())
        return stream.getvalue().encode("utf-8", "backslashreplace")

    def tick(self) -> None:
        """Bring the progress up to date."""
        batch = self._batch
        if batch is None or not self.isVisible():
            return
        self.progress.setValue(round(1000 * batch.share))
        self.key.count(self.table.rows)
        rows = [self.table.rows[number] for number in batch.numbers if number < len(self.table.rows)]
        left = batch.seconds_left
        if rows:
            done = sum(row.state in ("done", "failed") for row in rows)
            left_words = "" if left is None else f", {clock(left)} left"
            self.state.setText(f"{done} of {len(rows)} files{left_words}")

    def arrange(self) -> None:
        scale, palette, margin = self.scale, self.theme.palette, self.px(18)
        self._cells.scale = scale
        self._column.setContentsMargins(margin, round(12 * scale), margin, margin)
        self._column.setSpacing(round(10 * scale))
        self._row.setSpacing(round(8 * scale))
        style_text(self.state, palette.muted, text_pixels(15, scale))
        self.empty.setText(
            f"<p style='font-size: {text_pixels(26, scale)}px; font-weight: 700; color: {palette.text}'>{EMPTY}</p>"
            f"<p>{EMPTY_MORE}</p>"
        )
        self.empty.setStyleSheet(
            f"color: {palette.muted}; font-size: {text_pixels(16, scale)}px; background: {palette.panel};"
            f"border: 2px dashed {palette.line}; border-radius: {round(14 * scale)}px; padding: {round(60 * scale)}px;"
        )
        self.key.place(scale, self.key.geometry())
        self.progress.setFixedHeight(round(6 * scale))
        self.view.verticalHeader().setDefaultSectionSize(round(HEIGHT * scale))
        for number, width in WIDTHS.items():
            self.view.setColumnWidth(number, round(width * scale))

    def _show_found(self, new: list[str], again: list[int]) -> None:
        self.table.add(new)
        self.table.wait_again(again)
        self._show_state()

    def _end(self) -> None:
        batch, self._batch = self._batch, None
        self.table.give_up()
        self._show_state()
        if batch is not None:
            batch.deleteLater()
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self.add(waiting)

    def _show_state(self) -> None:
        runs, rows = self._batch is not None, bool(self.table.rows)
        retries = not runs and bool(self.table.unanswered())
        for name, enabled in (("cancel", runs), ("retry", retries), ("clear", rows)):
            self.buttons[name].setEnabled(enabled)
        for name in ("files_csv", "files_json"):
            self.buttons[name].setEnabled(rows)
        self._offer_to_play()
        self.key.count(self.table.rows)
        self.progress.setVisible(runs)
        self.state.setVisible(runs or rows)
        self.view.setVisible(rows)
        self.key.setVisible(rows)
        if rows and self.window().focusWidget() is self:  # a dialog may still be active
            self.view.setFocus()
        self.empty.setVisible(not rows)
        if not runs:
            answers, failed = self.table.answers(), len(self.table.errors())
            unsure = sum(answer.unsure for answer in answers)
            heard = f"{len(answers)} of {len(self.table.rows)} answered, {unsure} of them unsure"
            self.state.setText(f"{heard}, {failed} could not be heard")

    def _selected(self) -> Row | None:
        """The row that can be played."""
        chosen = self.view.selectionModel().selectedRows()
        row = self.table.rows[self._sorted.mapToSource(chosen[0]).row()] if chosen else None
        return None if row is None or row.state == "failed" else row

    def _offer_to_play(self) -> None:
        self.buttons["play"].setEnabled(self._selected() is not None)

    def _play(self) -> None:
        row = self._selected()
        if row is not None:
            self.play_wished.emit(row.path)
