"""The present answer in type that is read from the last row, and the answers of both models side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.live.verdict import Verdict
from app.window import words
from app.window.explained import Explained, ExplainedText
from app.window.theme import Role, Theme, font
from app.window.widgets import CENTRE, LEFT, RIGHT, Panel, Reading, Weight, ease, fill, painting

NAME_WIDTH, NUMBER_WIDTH, BADGE_HEIGHT = 88, 66, 62  # pixels at scale 1
MOST_ROWS = 20  # in one column
LEAST_ROW = 26  # pixels of a row at scale 1; where it has fewer, it is drawn smaller
GENRE = (
    "The most probable genre, from the mean of the model's answers of the last 3 s. Unsure is said when the first is "
    "not likely enough, or the second too close."
)
LEARNED = (
    " It learned ten genres from records of 30 s, and on music by artists that it never heard it is right in about 7 "
    "of 10 cases (the model card has every figure)."
)
PROBABILITY = (
    "How sure the model is of this genre, the mean of its answers of the last 3 s. All genres together make 100 %."
)
HEARD = (
    "How much of its memory the model has heard so far. It answers from the first frame on, but from little: it is at "
    "its best when the bar is full."
)
ACCURACY = "right 3 times in 4"


class NowPanel(Panel):
    """Genre and probability, or why there is none; and how much of the window has been heard."""

    def __init__(self, parent: QWidget, theme: Theme, genres: tuple[str, ...]) -> None:
        super().__init__(parent, theme, "Now")
        self._genres = genres
        self._filled = 0.0
        self.genre = ExplainedText(
            self, theme, "text", 66, Weight.Bold, "present_genre", "Present genre", GENRE + LEARNED
        )
        self.probability = ExplainedText(
            self, theme, "text", 34, Weight.Bold, "present_probability", "Its probability", PROBABILITY
        )
        self.reason = Reading(self, theme, "text", 21, Weight.DemiBold).named("reason", "Why no genre is named")
        self.source = Reading(self, theme, "muted", 14, align=RIGHT).named("source_name", "Source")
        self.accuracy = Reading(self, theme, "muted", 14, align=RIGHT, text=ACCURACY).named("accuracy", "How often")
        self.heard = Reading(self, theme, "muted", 14).named("heard", "Sound heard")
        self.track = Explained(self, theme, "Sound heard", HEARD)

    def forget_figures(self) -> None:
        """Those that are known are of the model that ships, and this is another."""
        self.accuracy.show_text("")
        self.genre.explain(self.genre.heading, GENRE)

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
            self._say("listening", "muted", reason="answer in a moment")
        elif verdict.kind == "silence":
            self._say("silence", "muted", reason="there is nothing to judge")
        elif on_microphone:
            self._say("no signal", "muted", reason="only zeros arrive")
        else:
            self._say("silence", "muted", reason="only zeros")

    def _say(self, large: str, colour: Role, probability: str = "", reason: str = "") -> None:
        self.genre.reading.show_text(large, "faint" if self.stale else colour)
        self.probability.reading.show_text(probability, "faint" if self.stale else "text")
        self.probability.setVisible(bool(probability))
        self.reason.show_text(reason, "faint" if self.stale else "text")

    def show_filled(self, filled: float, window_seconds: float) -> None:
        """Say how much of the window has been heard, 0..1."""
        self.heard.show_text(words.heard(filled, window_seconds))
        self._filled = filled
        self.update(self.track.geometry())

    def arrange(self) -> None:
        super().arrange()
        for part in (self.source, self.accuracy, self.heard, self.track):
            part.setVisible(not self.presents)
        for reading in (self.genre.reading, self.probability.reading, self.reason):
            reading.align = CENTRE if self.presents else LEFT
        if self.presents:
            self._arrange_for_all_to_see()
            return
        inside = self.inside()
        left, width, bottom = inside.x(), inside.width(), inside.bottom()
        self.source.place(self.scale, self.beside_title())
        line = self.px(20)
        heard_top = bottom - line - self.px(10)
        heard = QRect(left, heard_top, width, line)
        right = min(self.accuracy.natural_width(self.scale) + 4, width // 2)
        self.heard.place(self.scale, heard.adjusted(0, 0, -right, 0))
        self.accuracy.place(self.scale, heard.adjusted(width - right, 0, 0, 0))
        self.track.place(self.scale, QRect(left, heard_top + line + self.px(2), width, self.px(10)))
        room = min(heard_top - inside.y(), self.px(180))
        genre, below = round(room * 0.60), round(room * 0.34)
        top = inside.y() - self.px(6) + (heard_top - inside.y() - room) // 2
        self.genre.place(self.scale, QRect(left, top, width, genre))
        self._place_below(QRect(left, top + genre, width, below), self.scale)

    def _arrange_for_all_to_see(self) -> None:
        """The genre takes two thirds of the height."""
        width, genre = self.width(), round(self.height() * 0.72)
        # The size that this height asks for, whatever the scale of the window is.
        self.genre.place(genre / 66 * 0.84, QRect(0, 0, width, genre))
        self._place_below(QRect(0, genre, width, self.height() - genre), (self.height() - genre) / 34 * 0.8)

    def _place_below(self, place: QRect, scale: float) -> None:
        self.probability.place(scale, place)
        self.reason.place(scale, place)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if self.presents:
            return
        height = max(3.0, 5 * self.scale)
        track = QRectF(self.track.geometry())
        track.setHeight(height)
        length = max(height, track.width() * self._filled) if self._filled > 0 else 0.0
        with painting(self) as painter:
            self.draw_bar(painter, track, height / 2, length, self.ink("accent"))


class GenreRow(Explained):
    """One genre: the continual model's bar and number, and right below the bar of the ordinary one."""

    def __init__(self, parent: QWidget, theme: Theme, genre: str, position: int) -> None:
        super().__init__(parent, theme)
        self._colour = position
        self.name_width, self.number_width = NAME_WIDTH, NUMBER_WIDTH  # pixels
        self._target = self._shown = 0.0
        self.twin: float | None = None
        self._raw: float | None = None
        self.genre = genre
        self.explain(
            f"Probability of {genre}",
            f"How likely both models find it that this is {genre}: the upper bar and the number are the continual "
            "transformer's, the lower bar is the ordinary transformer's. Each is the mean of the model's answers of "
            "the last 3 s; with Details the thin tick is what the newest frame alone says.",
        )
        self.setObjectName(f"genre_row_{genre}")
        self.name = Reading(self, theme, "muted", 15, text=genre)
        self.number = Reading(self, theme, "muted", 15, Weight.DemiBold, RIGHT, words.UNKNOWN)
        self.number.named(f"genre_{genre}", f"Probability of {genre}")

    def show_probability(
        self, smoothed: float | None, twin: float | None, is_present: bool, raw: float | None = None
    ) -> None:
        """Show the answers, None before anything has been heard; and that to the last frame, if it is wished for."""
        self._target, self.twin, self._raw = smoothed or 0.0, twin, raw
        colour: Role = "text" if is_present else "muted"
        self.name.show_text(self.genre, colour)
        self.number.show_text(words.UNKNOWN if smoothed is None else words.percent(smoothed), colour)
        self.update()

    def number_needed(self, scale: float) -> int:
        """Pixels of the widest number there is."""
        return QFontMetrics(font(15, scale, Weight.DemiBold)).horizontalAdvance(words.percent(1.0)) + 2

    def advance(self, seconds: float) -> None:
        """Let the bar glide on."""
        if self._shown != self._target:
            self._shown = ease(self._shown, self._target, seconds)
            self.update()

    def arrange(self) -> None:
        number = self.number_width
        self.name.place(self.scale, QRect(0, 0, self.name_width - self.px(6), self.height()))
        self.number.place(self.scale, QRect(self.width() - number, 0, number, self.height()))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        left, right = self.name_width, self.width() - self.number_width
        upper = min(self.height() * 0.40, 15 * self.scale)
        lower, gap = upper * 0.5, max(1.0, 2 * self.scale)
        top, radius = (self.height() - upper - lower - gap) / 2, min(4 * self.scale, lower / 2)
        bar = QRectF(left, top, right - left, upper)
        below = QRectF(left, top + upper + gap, right - left, lower)
        length = max(bar.width() * self._shown, 3 * self.scale)
        with painting(self) as painter:
            self.draw_bar(painter, bar, radius, length, self.ink(self._colour), self._raw)
            if self.twin is not None:
                length = max(below.width() * self.twin, 3 * self.scale)
                fill(painter, self.ink("twin"), QRectF(below.x(), below.y(), length, lower), radius)
        super().paintEvent(event)


class Badge(Explained):
    """Whether both models give the same answer, and how far they are apart at most."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme, "The same answer", words.DIFFERENCE)
        self._colour: Role = "muted"
        self._is_same: bool | None = None
        self.verdict = Reading(self, theme, "muted", 17, Weight.Bold).named("same_answer", "Same answer")
        self.difference = Reading(self, theme, "muted", 14).named("differ", "How far the answers differ")
        self.centred = False

    def show_difference(self, largest: float | None, twin_every: int) -> None:
        """The largest difference of the session, None while it is not known."""
        self._is_same = None if largest is None else largest <= words.LARGEST_DIFFERENCE
        self._colour = "muted" if self._is_same is None else "accent" if self._is_same else "problem"
        verdict = "same answer" if self._is_same else "different answers"
        if self._is_same is None:
            verdict = "the ordinary one is being loaded" if twin_every == 0 else "not compared yet"
        told = "" if largest is None else f"they differ by {words.difference(largest)} at most"
        changed = (verdict, told) != (self.verdict.text(), self.difference.text())
        self.verdict.show_text(verdict, "muted" if self.stale else self._colour)
        self.difference.show_text(told, "text")
        if changed:
            self.arrange()
            self.update()

    def arrange(self) -> None:
        scale, height, gap = self.scale, self.height(), self.px(14)
        mark = self.px(24) if self._is_same is not None else 0
        first, second = self.verdict.natural_width(scale) + 4, self.difference.natural_width(scale) + 4
        across = self.px(16)
        together = mark + first + (gap + second if self.difference.text() else 0)
        if self.difference.text() and together + 2 * across > self.width():  # one below the other
            self._mark_left = across
            half = (height - self.px(12)) // 2
            self.verdict.place(scale, QRect(across + mark, self.px(6), self.width() - mark - 2 * across, half))
            self.difference.place(scale, QRect(across, self.px(6) + half, self.width() - 2 * across, half))
            return
        left = (self.width() - together) // 2 if self.centred else across
        self._mark_left = left
        self.verdict.place(scale, QRect(left + mark, 0, min(first, self.width() - left - mark), height))
        left += mark + first + gap
        self.difference.place(scale, QRect(left, 0, min(second, self.width() - left), height))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        colour, size = self.ink(self._colour), 7 * self.scale
        ground = self.ink(self._colour)
        ground.setAlphaF(0.14)
        middle = QPointF(self._mark_left + 8 * self.scale, self.verdict.geometry().center().y() + 1)
        with painting(self) as painter:
            fill(painter, ground, QRectF(self.rect()), 8 * self.scale)
            painter.setPen(QPen(colour, max(2.0, 2.6 * self.scale), c=Qt.PenCapStyle.RoundCap))
            if self._is_same:  # drawn, since not every font has a tick
                corners = [QPointF(-size, 0), QPointF(-size / 3, size * 0.7), QPointF(size, -size * 0.8)]
                painter.drawPolyline(QPolygonF([middle + corner for corner in corners]))
            elif self._is_same is not None:
                for corner in (QPointF(-size, -size) * 0.8, QPointF(-size, size) * 0.8):
                    painter.drawLine(middle + corner, middle - corner)
        super().paintEvent(event)


class AnswersPanel(Panel):
    """All genres, in the session's order for good: an eye learns where its genre stands. Many stand in two columns."""

    def __init__(self, parent: QWidget, theme: Theme, genres: tuple[str, ...]) -> None:
        super().__init__(parent, theme, "Both answers")
        self.keys = [
            Reading(self, theme, "step", 13, text="continual"),
            Reading(self, theme, "twin", 13, text="ordinary"),
        ]
        self.rows = [GenreRow(self, theme, genre, position) for position, genre in enumerate(genres)]

    def reset(self) -> None:
        """Show nothing, as before the first frame."""
        for row in self.rows:
            row.show_probability(None, None, False)

    def show_answers(
        self, smoothed: NDArray[np.floating], twin: NDArray[np.floating] | None, raw: NDArray[np.floating] | None
    ) -> None:
        """(genres,) the present answers of both models, and that to the last frame where it is wished for."""
        present = int(smoothed.argmax())
        for position, row in enumerate(self.rows):
            other, own = (None if known is None else float(known[position]) for known in (twin, raw))
            row.show_probability(float(smoothed[position]), other, position == present, own)

    def advance(self, seconds: float) -> None:
        """Let the bars glide on."""
        for row in self.rows:
            row.advance(seconds)

    def arrange(self) -> None:
        super().arrange()
        beside = self.beside_title()
        right = beside.right()
        for key in reversed(self.keys):
            width = key.natural_width(self.scale) + 4
            key.place(self.scale, QRect(right - width, beside.y(), width, beside.height()))
            right -= width + self.px(12)
        inside, count = self.inside(), len(self.rows)
        room = inside.height() - self.px(BADGE_HEIGHT + 8)  # the badge is the page's
        columns = 1 if count <= MOST_ROWS else 2
        lines, gap = -(-count // columns), self.px(16)
        width = (inside.width() - (columns - 1) * gap) // columns
        scale = min(self.scale, room / lines / LEAST_ROW)
        names = max(
            round(NAME_WIDTH * scale), *(row.name.natural_width(scale) + round(10 * scale) for row in self.rows)
        )
        numbers = round(NUMBER_WIDTH * scale) if columns == 1 else max(row.number_needed(scale) for row in self.rows)
        room_for_names = round(0.42 * width) if columns == 1 else round(0.8 * width) - numbers
        for position, row in enumerate(self.rows):
            column, line = divmod(position, lines)
            top, bottom = (inside.y() + at * room // lines for at in (line, line + 1))
            row.name_width, row.number_width = min(names, room_for_names), numbers
            row.place(scale, QRect(inside.x() + column * (width + gap), top, width, bottom - top))
