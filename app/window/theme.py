"""The one palette of the window, its fonts, and the size of everything: colours are named nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont

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


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb. Genre colours follow the order of the session's genres.

    The ten are at least 0.085 apart in OKLab for normal sight, protanopia, deuteranopia and tritanopia,
    and at least 4.5:1 against the panel.
    """

    background: str = "#0c0f14"
    panel: str = "#151a22"
    raised: str = "#212935"
    line: str = "#2b3442"
    text: str = "#eef2f7"
    muted: str = "#a3afc0"
    faint: str = "#7c899b"
    accent: str = "#4be3b8"
    step: str = "#4be3b8"  # the continual model
    twin: str = "#93a1b8"  # its non-continual twin
    warning: str = "#ffcf5c"
    problem: str = "#ff8078"
    genres: tuple[str, ...] = (
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
    )

    def genre(self, position: int) -> str:
        """Colour of the genre at this position; they repeat after ten."""
        return self.genres[position % len(self.genres)]


DARK = Theme()


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
    made = QFont(list(FAMILIES))
    made.setPixelSize(text_pixels(size, scale))
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def translucent(colour: str, opacity: float) -> QColor:
    """A colour of the palette seen through, 0..1."""
    made = QColor(colour)
    made.setAlphaF(opacity)
    return made
