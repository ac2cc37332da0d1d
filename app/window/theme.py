"""The window's present colours, its fonts, and the size of everything.

A widget keeps the Theme and asks it for a colour while it paints, so that colours can change while the window is open.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication

from app.window.palettes import DARK, LIGHT, Palette, Role

FAMILIES = (
    "Inter",
    "Segoe UI Variable",
    "Segoe UI",
    "SF Pro Text",
    "Helvetica Neue",
    "Noto Sans",
    "DejaVu Sans",
)
DESIGN_WIDTH, DESIGN_HEIGHT = 1280, 800  # the size at which scale is 1
SMALLEST_SCALE, LARGEST_SCALE = 0.68, 3.5
SMALLEST_TEXT = 10  # pixels; below this nobody reads on a projector
PROJECTOR = 1.15  # how much larger type is drawn for a projector, in a window of the same size

ThemeChoice = Literal["system", "dark", "light"]
THEME_CHOICES: tuple[ThemeChoice, ...] = ("system", "dark", "light")


class Theme(QObject):
    """The palette of now. `changed` is for what cannot ask while it paints, such as style sheets."""

    changed = Signal()

    def __init__(self, choice: ThemeChoice = "dark", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._choice = choice
        self._palette = palette_for(choice)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    @property
    def choice(self) -> ThemeChoice:
        """What the user chose."""
        return self._choice

    @property
    def palette(self) -> Palette:
        """The colours of now."""
        return self._palette

    def choose(self, choice: ThemeChoice) -> None:
        """Draw everything in this theme from now on."""
        self._choice = choice
        palette = palette_for(choice)
        if palette != self._palette:
            self._palette = palette
            self.changed.emit()

    def colour(self, role: Role, opacity: float = 1.0) -> QColor:
        """The present colour of a role, opacity 0..1."""
        made = QColor(self._palette.named(role))
        made.setAlphaF(opacity)
        return made

    def _follow_system(self) -> None:
        self.choose(self._choice)


def palette_for(choice: ThemeChoice) -> Palette:
    """The palette of a choice; a system that has no opinion is dark."""
    if choice == "system":
        return LIGHT if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK
    return LIGHT if choice == "light" else DARK


def scale_for(width: int, height: int, projector: bool = False) -> float:
    """How large to draw in a window of this size, in steps of 1/50: resizing restyles at few of them."""
    exact = min(width / DESIGN_WIDTH, height / DESIGN_HEIGHT) * (PROJECTOR if projector else 1.0)
    return round(min(max(exact, SMALLEST_SCALE), LARGEST_SCALE) * 50) / 50


def text_pixels(size: float, scale: float) -> int:
    """Height of a text of `size` pixels at scale 1; small text shrinks less than the rest."""
    gentle = scale if scale >= 1 else 1 - (1 - scale) * (0.55 if size < 20 else 1.0)
    return max(SMALLEST_TEXT, round(size * gentle))


def font(size: float, scale: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The window's font, with digits of one width so that numbers do not jitter."""
    made = QFont(list(FAMILIES))
    made.setPixelSize(text_pixels(size, scale))
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made
