"""The window's colours, fonts and sizes.

A widget keeps the Theme and asks it for a colour while it paints, so that colours can change while the window is open.
"""

from __future__ import annotations

from colorsys import hls_to_rgb
from dataclasses import dataclass
from functools import cache
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
LEAST_CONTRAST = 4.5  # of text, as WCAG asks
SMALLEST_TEXT = 10  # pixels; below this nobody reads on a projector


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
    further: tuple[str, ...]  # for models of more than ten genres, of one's own


COLOURS = {  # in the dark, in the light
    "background": ("#0c0f14", "#eceff4"),
    "panel": ("#151a22", "#ffffff"),
    "raised": ("#212935", "#e3e8ef"),
    "line": ("#2b3442", "#cdd5e0"),
    "text": ("#eef2f7", "#121821"),
    "muted": ("#a3afc0", "#48566a"),
    "faint": ("#8391a4", "#5c687c"),
    "accent": ("#4be3b8", "#007657"),
    "step": ("#4be3b8", "#007657"),
    "twin": ("#93a1b8", "#596880"),
    "warning": ("#ffcf5c", "#7c5000"),
    "problem": ("#ff8078", "#ad211a"),
}
GENRES = (
    ("#3cacff", "#1069dc"),  # blues
    ("#fbf6c0", "#919476"),  # classical
    ("#a2804e", "#a16b2c"),  # country
    ("#8c6ff2", "#5c0095"),  # disco
    ("#fb8f5b", "#ad1514"),  # hiphop
    ("#ffc30d", "#bf8601"),  # jazz
    ("#afaab3", "#716d80"),  # metal
    ("#54f6ff", "#069eb3"),  # pop
    ("#9ce48c", "#00623c"),  # reggae
    ("#d75696", "#6a075b"),  # rock
)
FURTHER = 40
HUE_STEP = 0.7236  # of a turn, from one to the next
# In the dark, in the light: first hue, lightnesses and saturations, which take turns. No two of all fifty are nearer
# than 0.025 in OKLab for normal sight, and no two neighbours than 0.08.
SPREAD = (
    (0.6335, (0.72, 0.75, 0.78, 0.88), (0.48, 0.81)),
    (0.0246, (0.20, 0.27, 0.31, 0.37), (0.58, 0.42)),
)


def further_colours(theme: int) -> tuple[str, ...]:
    """#rrggbb, for the dark (0) or the light (1)."""
    hue, lightness, saturation = SPREAD[theme]
    shades = [
        hls_to_rgb((hue + HUE_STEP * at) % 1.0, lightness[at % 4], saturation[at // 4 % 2]) for at in range(FURTHER)
    ]
    return tuple("#" + "".join(f"{round(255 * part):02x}" for part in shade) for shade in shades)


DARK, LIGHT = (
    Palette(
        **{role: pair[theme] for role, pair in COLOURS.items()},
        genres=tuple(pair[theme] for pair in GENRES),
        further=further_colours(theme),
    )
    for theme in (0, 1)
)


class Theme(QObject):
    """The palette of now, and the choice it follows. `changed` is for what cannot ask while it paints."""

    changed = Signal()

    def __init__(self, choice: ThemeChoice = "dark") -> None:
        super().__init__()
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
        """The present colour of a role, opacity 0..1; genres repeat after fifty."""
        genres = self.palette.genres + self.palette.further
        made = QColor(genres[role % len(genres)] if isinstance(role, int) else getattr(self.palette, role))
        made.setAlphaF(opacity)
        return made

    def letters(self, role: Role) -> QColor:
        """The present colour of a role for text on a panel: one that is too faint to be read is drawn stronger."""
        return _legible(self.palette, self.colour(role).name())

    def _follow_system(self) -> None:
        self.choose(self.choice)


@cache
def _legible(palette: Palette, colour: str) -> QColor:
    """As much as needed of the text's colour in it."""
    wished, ground, text = QColor(colour), QColor(palette.panel), QColor(palette.text)
    made = wished
    for share in range(0, 101, 5):
        pairs = zip((wished.red(), wished.green(), wished.blue()), (text.red(), text.green(), text.blue()), strict=True)
        made = QColor(*(((100 - share) * one + share * other) // 100 for one, other in pairs))
        if contrast(made, ground) >= LEAST_CONTRAST:
            break
    return made


def contrast(one: QColor, other: QColor) -> float:
    """WCAG's ratio of two colours, 1 to 21."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def palette_for(choice: ThemeChoice) -> Palette:
    """The palette of a choice; a system that has no opinion is dark."""
    if choice == "system":
        return LIGHT if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK
    return LIGHT if choice == "light" else DARK


def scale_for(width: int, height: int) -> float:
    """How large to draw in a window of this size, in steps of 1/50: resizing restyles at few of them."""
    exact = min(width / DESIGN_WIDTH, height / DESIGN_HEIGHT)
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
