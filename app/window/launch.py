"""What the command line may ask of the window, in plain words: importing it loads next to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from app.live.osc import OscTarget

ThemeChoice = Literal["system", "dark", "light"]
THEMES: tuple[ThemeChoice, ...] = ("system", "dark", "light")


class Launch(NamedTuple):
    """What was asked for on the command line; it goes before what was kept, and is kept when the window closes."""

    weights: Path | None = None
    theme: ThemeChoice | None = None
    source: str = ""  # a microphone's key or a part of its name
    begins: bool = False  # listen to it at once
    files: tuple[Path, ...] = ()  # as if they were dropped on the window
    plays: tuple[Path, ...] = ()  # one after the other, before all else; "-" is standard input
    demo: bool = False
    full_screen: bool = False
    silent: bool = False
    osc: OscTarget | None = None  # where answers are sent from the beginning
    says_model: bool = False  # whether it says which model and window
