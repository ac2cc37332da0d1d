"""One sentence for the user: quiet as long as all is well, on a coloured ground when something is wrong."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.live.protocol import EngineState
from app.window.palettes import Role
from app.window.reading import Reading
from app.window.theme import Theme


def sentence(state: EngineState, source_name: str, hears_microphone: bool) -> str:
    """What to say: the session's own words, or what the phase means."""
    source = f"“{source_name}”" if source_name else "the source"
    if state.message and state.phase == "failed" and not hears_microphone:
        return f"{source}: {state.message.rstrip('.')}."  # what is wrong with a file does not name it
    if state.message:
        return state.message
    return {
        "idle": "Nothing is heard or kept until you choose a source.",
        "starting": f"Opening {source}\N{HORIZONTAL ELLIPSIS}",
        "running": f"Listening to {source}." if hears_microphone else f"Playing {source}.",
        "ended": f"{source} has ended.",
        "failed": f"{source} could not be heard; choose another source.",
        "stopped": "Stopped.",
    }[state.phase]


class StatusLine(QWidget):
    """Shows the state of the run."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._scale = 1.0
        self._ground: Role | None = None
        self.words = Reading(self, theme, "muted", 14).named("status", "Status", "")

    def text(self) -> str:
        """The shown sentence."""
        return self.words.text()

    def show_state(self, state: EngineState, source_name: str, hears_microphone: bool) -> None:
        """Say where the run is; a message while it runs is a warning (but silence may be meant), one at its
        failure a problem.
        """
        ground: Role | None = None
        if state.phase == "failed":
            ground = "problem"
        elif state.phase == "running" and state.message and state.capture != "silent":
            ground = "warning"
        text = sentence(state, source_name, hears_microphone)
        self.words.show_text(text, ground or "muted")
        self.words.setToolTip(text)
        if ground != self._ground:
            self._ground = ground
            self.update()

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self._scale = scale
        self.setGeometry(rectangle)
        self._place_words()

    def _place_words(self) -> None:
        margin = round(18 * self._scale)
        self.words.place(self._scale, self.rect().adjusted(margin, 0, -margin, 0))

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self._place_words()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._ground is not None:
            painter.setBrush(self._theme.colour(self._ground, 0.16))
            painter.drawRoundedRect(QRectF(self.rect()), 8 * self._scale, 8 * self._scale)
        painter.end()
