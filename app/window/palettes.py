"""The two palettes of the window: colours are named nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = (
    Literal[
        "background",
        "panel",
        "raised",
        "line",
        "text",
        "muted",
        "faint",
        "accent",
        "step",
        "twin",
        "warning",
        "problem",
    ]
    | int
)
"""What a colour is for; a number is the genre at that place in the session's order."""


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

    def named(self, role: Role) -> str:
        """#rrggbb; genres repeat after ten."""
        if isinstance(role, int):
            return self.genres[role % len(self.genres)]
        return str(getattr(self, role))


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
