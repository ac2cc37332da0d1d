"""Choosing the row of the family and the length of its window, while sound goes on."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtWidgets import QWidget

from app.stream.model_in_use import ModelInUse, ModelRow, RowSteps
from app.window import words
from app.window.choice_box import ChoiceBox
from app.window.reading import Reading
from app.window.theme import Theme


class ModelControls(QWidget):
    """Two boxes, and a line that says when another model is still hearing what came before."""

    chosen = Signal(str, float)  # row key, window in seconds
    comparison_wished = Signal(float)  # of the rows with a window of so many seconds: somebody looks at the list

    def __init__(self, parent: QWidget, theme: Theme, rows: tuple[ModelRow, ...], windows: tuple[float, ...]) -> None:
        super().__init__(parent)
        self.note = Reading(self, theme, "muted", 12, align=Qt.AlignmentFlag.AlignRight)
        self.note.named("model_note", "State of the model", "")
        self.family, self.length = ChoiceBox(self, theme), ChoiceBox(self, theme)
        for box, name, accessible, tip in (
            (self.family, "model_row", "Model", "Which attention computes the answer"),
            (self.length, "model_window", "Window length", "How much sound the model remembers"),
        ):
            box.setObjectName(name)
            box.setAccessibleName(accessible)
            box.setToolTip(tip)
            box.setProperty("small", True)
        for row in rows:
            self.family.addItem(row.name, row.key)
            self.family.setItemData(self.family.count() - 1, row.explanation, Qt.ItemDataRole.ToolTipRole)
        for seconds in windows:
            self.length.addItem(words.window_length(seconds), seconds)
        self.family.longest_note = words.step_note(999_000, is_quickest=True)
        self._shown_steps: tuple[RowSteps | None, float] | None = None
        self.family.opened.connect(lambda: self.comparison_wished.emit(self._seconds()))
        self.family.activated.connect(self._choose)
        self.length.activated.connect(self._choose)

    def _choose(self) -> None:
        self.chosen.emit(str(self.family.currentData()), self._seconds())

    def _seconds(self) -> float:
        return float(self.length.currentData())

    def show_model(self, model: ModelInUse) -> None:
        """This one is in use: what the boxes show, unless one of them is just being used."""
        if self.family.view().isVisible() or self.length.view().isVisible():
            return
        self.family.setCurrentIndex(self.family.findData(model.row.key))
        lengths = [abs(float(self.length.itemData(at)) - model.window_seconds) for at in range(self.length.count())]
        self.length.setCurrentIndex(lengths.index(min(lengths)))

    def show_steps(self, steps: RowSteps | None) -> None:
        """What a step of each row takes, behind its name in the list, if that is known for the window in the box."""
        shown = steps, self._seconds()
        if shown == self._shown_steps:
            return
        self._shown_steps = shown
        known = steps.nanoseconds if steps is not None and steps.window_seconds == self._seconds() else {}
        quickest = min(known.values(), default=0.0)
        for index in range(self.family.count()):
            nanoseconds = known.get(self.family.itemData(index))
            note = "" if nanoseconds is None else words.step_note(nanoseconds, nanoseconds == quickest)
            self.family.note(index, note)

    def show_note(self, note: str, is_problem: bool = False) -> None:
        """Say something beside the boxes; "" for nothing."""
        self.note.show_text(note, "problem" if is_problem else "muted")
        self.note.setToolTip(note)

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self.setGeometry(rectangle)
        gap, height = round(8 * scale), rectangle.height()
        window = round(104 * scale)
        row = min(round(300 * scale), (rectangle.width() - window) * 2 // 3)
        left = rectangle.width() - window
        self.length.setGeometry(left, 0, window, height)
        self.family.setGeometry(left - gap - row, 0, row, height)
        self.note.place(scale, QRect(0, 0, max(0, left - 2 * gap - row), height))
