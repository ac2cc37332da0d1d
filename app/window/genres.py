"""Ten rows that never change places: name, bar, number."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.snapshot import Snapshot
from app.window import words
from app.window.easing import ease
from app.window.palettes import Role
from app.window.panel import Panel
from app.window.reading import Reading, Weight
from app.window.theme import Theme

NAME_WIDTH, NUMBER_WIDTH = 92, 58  # pixels at scale 1


class GenreRow(QWidget):
    """One genre: the bar is the present answer, the tick what the last frame alone says."""

    def __init__(self, parent: QWidget, theme: Theme, genre: str, position: int) -> None:
        super().__init__(parent)
        self._theme, self._colour = theme, position
        self._scale = 1.0
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
        self.number = Reading(self, theme, "muted", 15, Weight.DemiBold, Qt.AlignmentFlag.AlignRight, words.UNKNOWN)
        self.number.named(f"genre_{genre}", f"Probability of {genre}", tip)

    def text(self) -> str:
        """The shown number."""
        return self.number.text()

    def show_probability(self, smoothed: float, raw: float | None, is_present: bool) -> None:
        """Show the answer; `raw` is None before anything has been heard."""
        self._target, self._raw = smoothed, raw
        colour: Role = "text" if is_present else "muted"
        self.name.show_text(self.genre, colour)
        self.number.show_text(words.UNKNOWN if raw is None else words.percent(smoothed), colour)
        self.update(self._bar().toAlignedRect())

    def advance(self, seconds: float) -> None:
        """Let the bar glide on."""
        if self._shown != self._target:
            self._shown = ease(self._shown, self._target, seconds)
            self.update(self._bar().toAlignedRect())

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self._scale = scale
        self.setGeometry(rectangle)
        name, number = round(NAME_WIDTH * scale), round(NUMBER_WIDTH * scale)
        self.name.place(scale, QRect(0, 0, name, rectangle.height()))
        self.number.place(scale, QRect(rectangle.width() - number, 0, number, rectangle.height()))

    def _bar(self) -> QRectF:
        left, right = NAME_WIDTH * self._scale, self.width() - NUMBER_WIDTH * self._scale
        height = min(self.height() * 0.52, 22 * self._scale)
        return QRectF(left, (self.height() - height) / 2, right - left, height)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        bar = self._bar()
        radius = min(4 * self._scale, bar.height() / 2)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("raised"))
        painter.drawRoundedRect(bar, radius, radius)
        painter.setBrush(self._theme.colour(self._colour))
        length = max(bar.width() * self._shown, 3 * self._scale)
        painter.drawRoundedRect(QRectF(bar.x(), bar.y(), length, bar.height()), radius, radius)
        if self._raw is not None:
            tick = max(2.0, 2 * self._scale)
            painter.setBrush(self._theme.colour("text"))
            painter.drawRect(QRectF(bar.x() + (bar.width() - tick) * self._raw, bar.y(), tick, bar.height()))
        painter.end()


class GenresPanel(Panel):
    """All genres, in the session's order for good: an eye learns where its genre stands."""

    def __init__(self, parent: QWidget, theme: Theme, genres: tuple[str, ...]) -> None:
        super().__init__(parent, theme, "Genres")
        self.rows = [GenreRow(self, theme, genre, position) for position, genre in enumerate(genres)]

    def reset(self) -> None:
        """Nothing has been heard."""
        for row in self.rows:
            row.show_probability(0.0, None, False)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show the present answer and the last frame's."""
        present = int(snapshot.smoothed.argmax())
        for position, row in enumerate(self.rows):
            smoothed, raw = float(snapshot.smoothed[position]), float(snapshot.probabilities[position])
            row.show_probability(smoothed, raw, position == present)

    def advance(self, seconds: float) -> None:
        """Let the bars glide on."""
        for row in self.rows:
            row.advance(seconds)

    def arrange(self, inside: QRect) -> None:
        count = len(self.rows)
        for position, row in enumerate(self.rows):
            top = inside.y() + position * inside.height() // count
            bottom = inside.y() + (position + 1) * inside.height() // count
            row.place(self.scale, QRect(inside.x(), top, inside.width(), bottom - top))
