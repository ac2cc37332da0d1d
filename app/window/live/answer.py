"""The present answer in type that is read from the last row, and all genres with their bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from app.live.verdict import Verdict
from app.window import words
from app.window.theme import Role, Theme
from app.window.widgets import RIGHT, Panel, Part, Reading, Weight, ease, painting

NAME_WIDTH, NUMBER_WIDTH = 92, 58  # pixels at scale 1


class NowPanel(Panel):
    """Genre, probability, source, and how much of the window has been heard."""

    def __init__(self, parent: QWidget, theme: Theme, genres: tuple[str, ...]) -> None:
        super().__init__(parent, theme, "Now")
        self._genres = genres
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

    def reset(self) -> None:
        """Show nothing, as before the first frame."""
        self._say(words.UNKNOWN, "faint")

    def show_verdict(self, verdict: Verdict, on_microphone: bool) -> None:
        """Say what is to be said, in large type and in a line below."""
        genre = self._genres[verdict.genre]
        if verdict.kind == "genre":
            self._say(genre, verdict.genre, words.percent(verdict.probability))
        elif verdict.kind == "unsure":
            self._say("unsure", "text", reason=f"between {genre} and {self._genres[verdict.other]}")
        elif verdict.kind == "listening":
            self._say("listening", "muted", reason="the answer comes in a moment")
        elif verdict.kind == "silence":
            self._say("silence", "muted", reason="there is nothing to judge")
        elif on_microphone:
            self._say("no signal", "muted", reason="the microphone gives only zeros")
        else:
            self._say("silence", "muted", reason="only zeros")

    def _say(self, large: str, colour: Role, probability: str = "", reason: str = "") -> None:
        self.genre.show_text(large, colour)
        self.probability.show_text(probability)
        self.reason.show_text(reason)

    def show_filled(self, filled: float, window_seconds: float) -> None:
        """Say how much of the window has been heard, 0..1."""
        self.heard.show_text(words.heard(filled, window_seconds))
        self._filled = filled
        self.update(self._track().toAlignedRect())

    def arrange(self) -> None:
        super().arrange()
        inside = self.inside()
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
        track = self._track()
        length = max(track.height(), track.width() * self._filled) if self._filled > 0 else 0.0
        with painting(self) as painter:
            self.draw_bar(painter, track, track.height() / 2, length, self.theme.colour("accent"))


class GenreRow(Part):
    """One genre: the bar is the present answer, the tick what the last frame alone says."""

    def __init__(self, parent: QWidget, theme: Theme, genre: str, position: int) -> None:
        super().__init__(parent, theme)
        self._colour = position
        self._target = self._shown = 0.0
        self._raw: float | None = None
        self.genre = genre
        tip = (
            f"Probability that this is {genre}. The bar and the number are the mean of the model's last "
            "answers, the thin tick is its answer to the last frame alone."
        )
        self.setObjectName(f"genre_row_{genre}")
        self.setToolTip(tip)
        self.name = Reading(self, theme, "muted", 15, text=genre)
        self.number = Reading(self, theme, "muted", 15, Weight.DemiBold, RIGHT, words.UNKNOWN)
        self.number.named(f"genre_{genre}", f"Probability of {genre}", tip)

    def show_probability(self, smoothed: float | None, raw: float | None, is_present: bool) -> None:
        """Show the answer, None before anything has been heard; and that to the last frame, None if not known."""
        self._target, self._raw = smoothed or 0.0, raw
        colour: Role = "text" if is_present else "muted"
        self.name.show_text(self.genre, colour)
        self.number.show_text(words.UNKNOWN if smoothed is None else words.percent(smoothed), colour)
        self.update()

    def advance(self, seconds: float) -> None:
        """Let the bar glide on."""
        if self._shown != self._target:
            self._shown = ease(self._shown, self._target, seconds)
            self.update()

    def arrange(self) -> None:
        number = self.px(NUMBER_WIDTH)
        self.name.place(self.scale, QRect(0, 0, self.px(NAME_WIDTH), self.height()))
        self.number.place(self.scale, QRect(self.width() - number, 0, number, self.height()))

    def _bar(self) -> QRectF:
        left, right = NAME_WIDTH * self.scale, self.width() - NUMBER_WIDTH * self.scale
        height = min(self.height() * 0.52, 22 * self.scale)
        return QRectF(left, (self.height() - height) / 2, right - left, height)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        bar = self._bar()
        radius = min(4 * self.scale, bar.height() / 2)
        length = max(bar.width() * self._shown, 3 * self.scale)
        with painting(self) as painter:
            self.draw_bar(painter, bar, radius, length, self.theme.colour(self._colour), self._raw)


class GenresPanel(Panel):
    """All genres, in the session's order for good: an eye learns where its genre stands."""

    def __init__(self, parent: QWidget, theme: Theme, genres: tuple[str, ...]) -> None:
        super().__init__(parent, theme, "Genres")
        self.note = Reading(self, theme, "faint", 12, align=RIGHT, text="bar 3 s, tick 1 frame")
        self.rows = [GenreRow(self, theme, genre, position) for position, genre in enumerate(genres)]

    def reset(self) -> None:
        """Show nothing, as before the first frame."""
        for row in self.rows:
            row.show_probability(None, None, False)

    def show_answer(self, smoothed: NDArray[np.floating], raw: NDArray[np.floating] | None) -> None:
        """(genres,) the present answer, and the last frame's where it is known."""
        present = int(smoothed.argmax())
        for position, row in enumerate(self.rows):
            own = None if raw is None else float(raw[position])
            row.show_probability(float(smoothed[position]), own, position == present)

    def advance(self, seconds: float) -> None:
        """Let the bars glide on."""
        for row in self.rows:
            row.advance(seconds)

    def arrange(self) -> None:
        super().arrange()
        self.note.place(self.scale, self.beside_title())
        inside, count = self.inside(), len(self.rows)
        for position, row in enumerate(self.rows):
            top = inside.y() + position * inside.height() // count
            bottom = inside.y() + (position + 1) * inside.height() // count
            row.place(self.scale, QRect(inside.x(), top, inside.width(), bottom - top))
