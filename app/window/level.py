"""How loud the input is: a meter in dBFS."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.window import words
from app.window.easing import ease
from app.window.reading import Reading
from app.window.theme import Theme

LOWEST_DBFS = -60.0
TIP = (
    "Loudness of the input, 0 dBFS being the loudest that fits. Around \N{MINUS SIGN}20 is good; the model "
    "does not care about the level."
)


class LevelMeter(QWidget):
    """A bar from -60 to 0 dBFS and the number."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._scale = 1.0
        self._target = self._shown = 0.0
        self.setToolTip(TIP)
        self.number = Reading(self, theme, "muted", 13, align=Qt.AlignmentFlag.AlignRight)
        self.number.named("level", "Input level", TIP)

    def text(self) -> str:
        """The shown number."""
        return self.number.text()

    def reset(self) -> None:
        """Nothing is heard."""
        self._target = 0.0
        self.number.show_text("")

    def show_level(self, dbfs: float) -> None:
        """Show a level; -inf for zeros."""
        self._target = 0.0 if dbfs == -math.inf else min(max(1 - dbfs / LOWEST_DBFS, 0.0), 1.0)
        self.number.show_text(words.level(dbfs))

    def advance(self, seconds: float) -> None:
        """Let the bar glide on."""
        if self._shown != self._target:
            self._shown = ease(self._shown, self._target, seconds)
            self.update(self._bar().toAlignedRect())

    def set_scale(self, scale: float) -> None:
        """Draw everything larger or smaller."""
        self._scale = scale
        self.setFixedSize(round(220 * scale), round(36 * scale))
        self._place_number()

    def _place_number(self) -> None:
        width = round(88 * self._scale)
        self.number.place(self._scale, QRect(self.width() - width, 0, width, self.height()))

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self._place_number()

    def _bar(self) -> QRectF:
        height = max(6.0, 10 * self._scale)
        return QRectF(0, (self.height() - height) / 2, self.number.x() - 6 * self._scale, height)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        bar = self._bar()
        radius = bar.height() / 2
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("raised"))
        painter.drawRoundedRect(bar, radius, radius)
        if self._shown > 0:
            gradient = QLinearGradient(bar.topLeft(), bar.topRight())
            gradient.setColorAt(0.0, self._theme.colour("accent"))
            gradient.setColorAt(0.8, self._theme.colour("accent"))
            gradient.setColorAt(0.95, self._theme.colour("warning"))
            gradient.setColorAt(1.0, self._theme.colour("problem"))
            painter.setBrush(gradient)
            length = max(bar.height(), bar.width() * self._shown)
            painter.drawRoundedRect(QRectF(bar.x(), bar.y(), length, bar.height()), radius, radius)
        painter.end()
