"""What the command line may ask of the window, in plain words: reading it loads no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ThemeChoice = Literal["system", "dark", "light"]
THEMES: tuple[ThemeChoice, ...] = ("system", "dark", "light")


@dataclass(frozen=True, slots=True)
class Launch:
    """What was asked for on the command line; it goes before what was kept, and is kept when the window closes."""

    weights: Path | None = None
    theme: ThemeChoice | None = None
    source: str = ""  # a microphone's key or a part of its name
    begins: bool = False  # listen to it at once
    file: Path | None = None
    demo: bool = False
    full_screen: bool = False
    silent: bool = False
