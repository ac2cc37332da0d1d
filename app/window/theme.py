"""The window's colours, fonts and sizes.

A widget keeps the Theme and asks it for a colour while it paints, so that colours can change while the window is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication

from app.window.launch import ThemeChoice

Named = Literal["background", "panel", "raised", "line", "text", "muted", "faint", "accent", "step", "twin"]
Role = Named | Literal["warning", "problem"] | int
"""What a colour is for; a number is the genre at that place in the session's order."""

FAMILIES = ["Inter", "Segoe UI Variable", "Segoe UI", "SF Pro Text", "Helvetica Neue", "Noto Sans", "DejaVu Sans"]
DESIGN_WIDTH, DESIGN_HEIGHT = 1280, 800  # the size at which scale is 1
SMALLEST_SCALE, LARGEST_SCALE = 0.68, 3.5
SMALLEST_TEXT = 10  # pixels; below this nobody reads on a projector
PROJECTOR = 1.15  # how much larger type is drawn for a projector, in a window of the same size


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as #rrggbb. Genre colours follow the order of the session's genres.

    In each palette the ten are at least 0.08 apart in OKLab for normal sight, protanopia, deuteranopia and tritanopia,
    and a genre has the same hue, more or less, in both.
    """

    background: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    faint: str
    accent: str
    step: str  # the continual model
    twin: str  # its non-continual twin
    warning: str
    problem: str
    genres: tuple[str, ...]


DARK = Palette(
    background="#0c0f14",
    panel="#151a22",
    raised="#212935",
    line="#2b3442",
    text="#eef2f7",
    muted="#a3afc0",
    faint="#7c899b",
    accent="#4be3b8",
    step="#4be3b8",
    twin="#93a1b8",
    warning="#ffcf5c",
    problem="#ff8078",
    genres=(
        "#3cacff",  # blues
        "#fbf6c0",  # classical
        "#a2804e",  # country
        "#8c6ff2",  # disco
        "#fb8f5b",  # hiphop
        "#ffc30d",  # jazz
        "#afaab3",  # metal
        "#54f6ff",  # pop
        "#9ce48c",  # reggae
        "#d75696",  # rock
    ),
)


LIGHT = Palette(
    background="#eceff4",
    panel="#ffffff",
    raised="#e3e8ef",
    line="#cdd5e0",
    text="#121821",
    muted="#48566a",
    faint="#66748a",
    accent="#007a5a",
    step="#007a5a",
    twin="#5c6b84",
    warning="#8a5a00",
    problem="#c0281f",
    genres=(
        "#1069dc",  # blues
        "#919476",  # classical
        "#a16b2c",  # country
        "#5c0095",  # disco
        "#ad1514",  # hiphop
        "#bf8601",  # jazz
        "#716d80",  # metal
        "#069eb3",  # pop
        "#00623c",  # reggae
        "#6a075b",  # rock
    ),
)


class Theme(QObject):
    """The palette of now, and the choice it follows. `changed` is for what cannot ask while it paints."""

    changed = Signal()

    def __init__(self, choice: ThemeChoice = "dark", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.choice, self.palette = choice, palette_for(choice)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    def choose(self, choice: ThemeChoice) -> None:
        """Draw everything in this theme from now on."""
        self.choice = choice
        palette = palette_for(choice)
        if palette != self.palette:
            self.palette = palette
            self.changed.emit()

    def colour(self, role: Role, opacity: float = 1.0) -> QColor:
        """The present colour of a role, opacity 0..1; genres repeat after ten."""
        genres = self.palette.genres
        made = QColor(genres[role % len(genres)] if isinstance(role, int) else getattr(self.palette, role))
        made.setAlphaF(opacity)
        return made

    def _follow_system(self) -> None:
        self.choose(self.choice)


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
    made = QFont(FAMILIES)
    made.setPixelSize(text_pixels(size, scale))
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made
