"""The history with its buttons; any moment of it can be looked at while listening goes on."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QPushButton, QWidget

from app.live.past import Past
from app.window import words
from app.window.explained import ExplainedText
from app.window.history.timeline import TimelineView
from app.window.theme import Theme
from app.window.widgets import PADDING, RIGHT, Panel, Reading, Weight, dress, emphasise
from audio import BANDS

FREEZE, LIVE = "Freeze", "Back to live"
FREEZE_TIP = "Hold the picture, or go back to live; sound goes on being heard (space bar)"
SOUND = (
    f"The loudness of the sound in {BANDS} bands, as the models get it: time goes from left to right, low tones are at "
    "the bottom, bright is loud. What is darker, left of the dashed line, the models have forgotten."
)
ANSWERS = (
    "Every answer so far: all genres in their colours, each as high as it was probable at that moment. A click "
    "looks back at a moment, the wheel shows more or less time. What was not heard is hatched, and a line stands where "
    "the source or the model changed."
)


class TimelinePanel(Panel):
    """The pictures, what is under the mouse in words, and one button: freeze, or back to live."""

    def __init__(self, parent: QWidget, theme: Theme, past: Past) -> None:
        super().__init__(parent, theme, "What they hear, and what they answer")
        self._past = past
        self.view = TimelineView(self, theme, past)
        self.chips = [
            ExplainedText(self, theme, "muted", 12, Weight.Normal, f"explain_{word.lower()}", word, explanation)
            for word, explanation in (("Sound", SOUND), ("Answers", ANSWERS))
        ]
        for chip in self.chips:
            chip.reading.show_text(f"{chip.heading} ?")
        self.note = Reading(self, theme, "muted", 13, align=RIGHT)
        self.note.named("history_note", "Moment")
        self.freeze, self.closer, self.wider = (
            dress(QPushButton(self), *described, look="small")
            for described in (
                ("freeze", FREEZE, FREEZE_TIP, "Freeze or go back to live"),
                ("history_closer", "+", "Show less time (plus, or the wheel)", "Zoom in"),
                ("history_wider", "\N{MINUS SIGN}", "Show more time (minus, or the wheel)", "Zoom out"),
            )
        )
        self.buttons = self.freeze, self.closer, self.wider
        for button in self.buttons:
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.closer.clicked.connect(lambda: self.view.zoom(closer=True))
        self.wider.clicked.connect(lambda: self.view.zoom(closer=False))

    def show_window(self, seconds: float) -> None:
        """The models remember so much."""
        self.view.window_seconds = seconds

    def show_moment(self, moment: float | None) -> None:
        """`moment` is the time looked at, None for live."""
        if (moment is None) != (self.view.moment is None):
            self.freeze.setText(FREEZE if moment is None else LIVE)
            emphasise(self.freeze, moment is not None)
            self.view.show_moment(moment)
            self.arrange()
        self.freeze.setEnabled(self._past.frames > 0)
        self.view.show_moment(moment)
        hovered = None if self.view.hover is None else self._past.at(self.view.hover)
        if hovered is not None:
            best = int(hovered.smoothed.argmax())
            share = words.percent(float(hovered.smoothed[best]))
            self.note.show_text(f"{words.clock(hovered.seconds)}  {self._past.genres[best]} {share}", "text")
        elif moment is not None:
            self.note.show_text(f"frozen at {words.clock(moment)}, still listening", "warning")
        else:
            self.note.show_text("")

    def show_stale(self, stale: bool) -> None:
        super().show_stale(stale)
        self.view.stale = stale

    def arrange(self) -> None:
        super().arrange()
        self.view.has_sound = not self.presents
        for part in (self.note, *self.buttons, *self.chips):
            part.setVisible(not self.presents)
        self.view.setGeometry(self.rect() if self.presents else self.inside().adjusted(0, 0, self.px(PADDING), 0))
        self.view.restyle(self.scale)
        if self.presents:
            return
        beside, gap = self.beside_title(), self.px(6)
        height = self.px(26)
        top, right = beside.center().y() - height // 2, self.width() - self.px(PADDING)
        self.freeze.ensurePolished()
        freeze, small = max(self.px(72), self.freeze.sizeHint().width()), self.px(30)
        for button, width in ((self.freeze, freeze), (self.closer, small), (self.wider, small)):
            button.setGeometry(right - width, top, width, height)
            right -= width + gap
        left = beside.x()
        for chip in self.chips:
            width = chip.reading.natural_width(self.scale) + 6
            chip.place(self.scale, QRect(left, beside.y(), width, beside.height()))
            left += width + self.px(8)
        self.note.place(self.scale, QRect(left, beside.y(), max(0, right - left), beside.height()))
