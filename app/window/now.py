"""The present answer, in type that is read from the last row."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.live.verdict import Verdict
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
            "The most probable genre, from the mean of the model's answers of the last 3 s; or why there is none.",
        )
        self.probability = Reading(self, theme, "text", 34, Weight.DemiBold).named(
            "present_probability",
            "Its probability",
            "How sure the model is of this genre. All ten together make 100 %. Unsure is said when the first is not "
            "likely enough, or the second too close.",
        )
        self.reason = Reading(self, theme, "text", 21, Weight.DemiBold).named(
            "reason", "Why no genre is named", "Two genres that are both likely, or why there is nothing to judge."
        )
        self.source = Reading(self, theme, "muted", 14, align=RIGHT).named(
            "source_name", "Source", "What is being heard: a microphone or a file."
        )
        self.heard = Reading(self, theme, "muted", 14).named(
            "heard",
            "Sound heard",
            "The model answers from the first frame on, but from little: it is at its best when its window is full.",
        )
        self.reset()

    def reset(self) -> None:
        """Nothing has been heard."""
        self._filled = 0.0
        self.genre.show_text(words.UNKNOWN, "faint")
        self.probability.show_text("")
        self.reason.show_text("")
        self.heard.show_text(words.heard(0.0, self._window_seconds))
        self.update()

    def show_source(self, name: str) -> None:
        """Say what is heard."""
        if name != self.source.text():
            self.source.show_text(name)
            self.source.setToolTip(name)

    def show_verdict(self, verdict: Verdict, on_microphone: bool) -> None:
        """Say what is to be said, in large type and in a line below."""
        genre = self._genres[verdict.genre]
        if verdict.kind == "genre":
            self.genre.show_text(genre, verdict.genre)
            self.probability.show_text(words.percent(verdict.probability))
            self.reason.show_text("")
            return
        large, small = {
            "unsure": ("unsure", f"between {genre} and {self._genres[verdict.other]}"),
            "listening": ("listening", "the answer comes in a moment"),
            "silence": ("silence", "there is nothing to judge"),
            "zeros": ("no signal", "the microphone gives only zeros") if on_microphone else ("silence", "only zeros"),
        }[verdict.kind]
        self.genre.show_text(large, "text" if verdict.kind == "unsure" else "muted")
        self.probability.show_text("")
        self.reason.show_text(small)

    def show_filled(self, filled: float, window_seconds: float) -> None:
        """Say how much of the window has been heard, 0..1."""
        self.heard.show_text(words.heard(filled, window_seconds))
        self._window_seconds = window_seconds
        if filled != self._filled:
            self._filled = filled
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
        for reading in (self.probability, self.reason):  # one of them is empty
            reading.place(self.scale, QRect(left, top + genre, width, probability))

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
