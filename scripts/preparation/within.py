"""For scripts that themselves import what gets installed, such as the one that trains."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from .environment import CHECKOUT, Environment
from .hand_over import hand_over
from .prepare import prepare_or_exit

IMPORTED = ("av", "librosa", "safetensors", "soundfile", "soxr", "torch")


def run_within_environment(extras: tuple[str, ...] = (), imported: tuple[str, ...] = IMPORTED) -> None:
    """Go on where all of `imported` is installed; called before the other imports.

    An environment that has it is taken as it is. Any other Python hands over to `.venv`, which is set up if need be.
    """
    if all(importlib.util.find_spec(name) for name in imported):
        return
    environment = Environment(CHECKOUT)
    if Path(sys.prefix).resolve() == environment.folder.resolve():
        return  # the import that fails says best what is missing
    hand_over([prepare_or_exit(extras), *sys.argv])
