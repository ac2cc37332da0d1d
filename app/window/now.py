"""The present answer, in type that is read from the last row."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.snapshot import Snapshot
from app.window import words
from app.window.panel import Panel
from app.window.reading import Reading, Weight
from app.window.theme import Theme

RIGHT = Qt.AlignmentFlag.AlignRight


class NowPanel(Panel):
    """Genre, probability, source, and how much of the window has been heard."""

    def __init__(self, parent: QWidget, theme: Theme, genres: tuple[str, ...], window_seconds: float) -> None:
        super().__init__(parent, theme, "Now")
        self._genres, self._window_seconds = genres, window_seconds
        self._filled = 0.0
        self.genre = Reading(self, theme, "text", 66, Weight.Bold).named(
            "present_genre",
            "Present genre",
            "The most probable genre, from the mean of the model's last answers.",
        )
        self.probability = Reading(self, theme, "text", 34, Weight.DemiBold).named(
            "present_probability",
            "Its probability",
            "How sure the model is of this genre. All ten together make 100 %.",
        )
        self.source = Reading(self, theme, "muted", 14, align=RIGHT).named(
            "source_name", "Source", "What is being heard: a microphone or a file."
        )
        self.heard = Reading(self, theme, "muted", 14).named(
            "heard",
            "Sound heard",
            f"The model answers from the first frame on, but from little: it has its full memory after "
            f"{window_seconds:.0f} s of sound.",
        )
        self.reset()

    def reset(self) -> None:
        """Nothing has been heard."""
        self._filled = 0.0
        self.genre.show_text(words.UNKNOWN, "faint")
        self.probability.show_text("")
        self.heard.show_text(words.heard(0.0, self._window_seconds))
        self.update()

    def show_source(self, name: str) -> None:
        """Say what is heard."""
        if name != self.source.text():
            self.source.show_text(name)
            self.source.setToolTip(name)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show the present answer."""
        present = int(snapshot.smoothed.argmax())
        self.genre.show_text(self._genres[present], present)
        self.probability.show_text(words.percent(float(snapshot.smoothed[present])))
        self.heard.show_text(words.heard(snapshot.filled, self._window_seconds))
        if snapshot.filled != self._filled:
            self._filled = snapshot.filled
            self.update(self._track().toAlignedRect())

    def arrange(self, inside: QRect) -> None:
        left, width, bottom = inside.x(), inside.width(), inside.bottom()
        self.source.place(self.scale, self.beside_title())
        line = self.px(20)
        heard_top = bottom - line - self.px(10)
        self.heard.place(self.scale, QRect(left, heard_top, width, line))
        room = min(heard_top - inside.y(), self.px(180))
        genre, probability = round(room * 0.60), round(room * 0.34)
        top = inside.y() - self.px(6) + (heard_top - inside.y() - room) // 2
        self.genre.place(self.scale, QRect(left, top, width, genre))
        self.probability.place(self.scale, QRect(left, top + genre, width, probability))

    def _track(self) -> QRectF:
        inside = self.inside()
        height = max(3.0, 5 * self.scale)
        return QRectF(inside.x(), inside.bottom() - height, inside.width(), height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = self._track()
        radius = track.height() / 2
        painter.setBrush(self.theme.colour("raised"))
        painter.drawRoundedRect(track, radius, radius)
        if self._filled > 0:
            track.setWidth(max(track.height(), track.width() * self._filled))
            painter.setBrush(self.theme.colour("accent"))
            painter.drawRoundedRect(track, radius, radius)
        painter.end()
