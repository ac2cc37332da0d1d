"""What can be changed while sound goes on: how much the models remember, and which model of the family it is."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSignalBlocker, Qt
from PySide6.QtGui import QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QSlider, QWidget

from app.live.protocol import Models
from app.stream.snapshot import StepTimes
from app.window import words
from app.window.choice_box import ChoiceBox
from app.window.theme import Theme, font
from app.window.widgets import RIGHT, Part, Reading, named, painting

HANDLE = 12  # pixels at scale 1, as the style sheet has it


class ModelControls(Part):
    """A slider with a mark for each window length, a box, and a line that says when another model is catching up.

    Opening the list of models has a step of each measured, to be shown behind its name.
    """

    def __init__(self, parent: QWidget, theme: Theme, models: Models) -> None:
        super().__init__(parent, theme)
        self._models = models
        self.head = Reading(self, theme, "muted", 15, text="both remember")
        self.note = Reading(self, theme, "muted", 13, align=RIGHT).named("model_note", "State of the model")
        self.family, self.length = ChoiceBox(self, theme), QSlider(Qt.Orientation.Horizontal, self)
        named(self.family, "model_row", "Model", "Which kind of attention computes the answer")
        named(self.length, "model_window", "Window length", "How much sound both models remember")
        self.length.setRange(0, len(models.windows) - 1)
        self.length.setPageStep(1)
        self.length.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.family.setProperty("small", True)
        for choice in models.choices:
            self.family.addItem(choice.name, choice.key)
            self.family.setItemData(self.family.count() - 1, choice.explanation, Qt.ItemDataRole.ToolTipRole)
        self.family.longest_note = words.step_note(999_000, is_quickest=True)
        self._shown_steps: tuple[StepTimes | None, float] | None = None
        self.family.opened.connect(lambda: models.measure(self._seconds()))
        self.family.activated.connect(self._choose)
        self.length.valueChanged.connect(self._choose)

    def _choose(self) -> None:
        self._models.choose(str(self.family.currentData()), self._seconds())
        self.update()

    def _seconds(self) -> float:
        return self._models.windows[self.length.value()]

    def change_length(self, steps: int) -> None:
        """So many marks longer, or shorter."""
        self.length.setValue(self.length.value() + steps)

    def show_model(self) -> None:
        """The chosen model, unless one of the controls is just being used."""
        if not (self.family.view().isVisible() or self.length.isSliderDown()):
            model = self._models.description
            self.family.setCurrentIndex(self.family.findData(model.choice.key))
            off = [abs(seconds - model.window_seconds) for seconds in self._models.windows]
            if self.length.value() != (chosen := off.index(min(off))):
                with QSignalBlocker(self.length):
                    self.length.setValue(chosen)
                self.update()
        self.show_steps()

    def show_steps(self) -> None:
        """What a step of each model takes, behind its name in the list, if that is known for the chosen window."""
        steps = self._models.steps
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

    def arrange(self) -> None:
        gap, width, height = self.px(14), self.width(), self.height()
        head, family = self.head.natural_width(self.scale) + 4, min(self.px(290), width * 2 // 5)
        slider = self.px(24)
        self.head.place(self.scale, QRect(0, 0, head, slider))
        self.length.setGeometry(head + gap, 0, width - head - family - 3 * gap, slider)
        self.family.setGeometry(width - family, 0, family, self.px(28))
        self.note.place(self.scale, QRect(width - family, self.px(28), family, height - self.px(28)))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """The marks of the slider, the chosen one bright; one that would touch the one before is left out."""
        place, handle = self.length.geometry(), HANDLE * self.scale
        with painting(self) as painter:
            painter.setFont(font(12, self.scale))
            metrics, free = QFontMetrics(painter.font()), -1.0
            for number, seconds in enumerate(self._models.windows):
                share = number / max(self.length.maximum(), 1)
                x = place.x() + handle / 2 + share * (place.width() - handle)
                painter.fillRect(
                    QRect(round(x), place.bottom() - self.px(3), 1, self.px(5)), self.theme.colour("faint")
                )
                text = words.window_length(seconds)
                width, is_chosen = metrics.horizontalAdvance(text), number == self.length.value()
                left = x - width / 2
                if left > free or is_chosen:
                    painter.setPen(self.theme.colour("text" if is_chosen else "muted"))
                    painter.drawText(round(left), place.bottom() + self.px(4) + metrics.ascent(), text)
                    free = left + width + 4
