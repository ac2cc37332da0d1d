"""The whole session at a glance: look at any moment of it, while sound goes on being heard."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from app.live.history import History
from app.window import words
from app.window.history_view import HistoryView
from app.window.panel import PADDING, Panel
from app.window.reading import Reading
from app.window.source_bar import dress
from app.window.theme import Theme

FREEZE, LIVE = "Freeze", "Back to live"


class HistoryPanel(Panel):
    """The picture, what is under the mouse in words, and one button: freeze, or back to live."""

    freeze_wished = Signal()

    def __init__(self, parent: QWidget, theme: Theme, genres: tuple[str, ...]) -> None:
        super().__init__(parent, theme, "History")
        self._genres = genres
        self._history = History(len(genres))
        self._moment: float | None = None
        self._hover: float | None = None
        self.view = HistoryView(self, theme)
        self.note = Reading(self, theme, "muted", 12, align=Qt.AlignmentFlag.AlignRight)
        self.note.named("history_note", "Moment", "")
        self.freeze, self.closer, self.wider = QPushButton(self), QPushButton(self), QPushButton(self)
        for button, name, text, accessible, tip in (
            (self.freeze, "freeze", FREEZE, "Freeze or go back to live", "Hold the picture; sound goes on being heard"),
            (self.closer, "history_closer", "+", "Zoom in", "Show less time (plus, or the wheel)"),
            (self.wider, "history_wider", "\N{MINUS SIGN}", "Zoom out", "Show more time (minus, or the wheel)"),
        ):
            dress(button, name, text, accessible, tip)
            button.setProperty("small", True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.freeze.setToolTip("Hold the picture, or go back to live; sound goes on being heard (space bar)")
        self.freeze.clicked.connect(self.freeze_wished)
        self.closer.clicked.connect(lambda: self.view.zoom(closer=True))
        self.wider.clicked.connect(lambda: self.view.zoom(closer=False))
        self.view.hovered.connect(self._show_hover)

    def show_history(self, history: History, moment: float | None, seconds: float) -> None:
        """Show this, `seconds` after the last time; `moment` is the time looked at, None for live."""
        if (moment is None) != (self._moment is None):
            self.freeze.setText(FREEZE if moment is None else LIVE)
            self.freeze.setProperty("primary", moment is not None)
            self.freeze.style().unpolish(self.freeze)
            self.freeze.style().polish(self.freeze)
            self._arrange_all()
        self._history, self._moment = history, moment
        self.freeze.setEnabled(history.frames > 0)
        self.view.show_history(history, moment, seconds)
        self._say()

    def _show_hover(self, seconds: float | None) -> None:
        self._hover = seconds
        self._say()

    def _say(self) -> None:
        if self._hover is not None and (moment := self._history.at(self._hover)) is not None:
            best = int(moment.smoothed.argmax())
            share = words.percent(float(moment.smoothed[best]))
            self.note.show_text(f"{words.clock(moment.seconds)}  {self._genres[best]} {share}", "text")
        elif self._moment is not None:
            self.note.show_text(f"frozen at {words.clock(self._moment)}, still listening", "warning")
        else:
            self.note.show_text("")

    def arrange(self, inside: QRect) -> None:
        beside, gap = self.beside_title(), self.px(6)
        height = self.px(26)
        top, right = beside.center().y() - height // 2, self.width() - self.px(PADDING)
        self.freeze.ensurePolished()
        freeze, small = max(self.px(72), self.freeze.sizeHint().width()), self.px(30)
        for button, width in ((self.freeze, freeze), (self.closer, small), (self.wider, small)):
            button.setGeometry(right - width, top, width, height)
            right -= width + gap
        self.note.place(self.scale, QRect(beside.x(), beside.y(), max(0, right - beside.x()), beside.height()))
        self.view.place(self.scale, inside)
