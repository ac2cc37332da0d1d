"""The same model compiled for one core: numpy and numba, the weights straight from their file, no torch.

torch stays the reference, the trainer and the twin. What is covered: softmax attention and Nystrom attention with fixed
and with continual landmarks, any number of blocks one on another; NotCoveredError is raised for the rest.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_cache() -> Path:
    """This program's folder for what can be made again. NYSTREAM_CACHE and XDG_CACHE_HOME name its parent.

    A user whom the system does not know has no home, and gets a place where nothing can be written.
    """
    given = os.environ.get("NYSTREAM_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given) / "nystream"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "nystream"
    try:
        home = Path.home()
    except RuntimeError:
        return Path(os.devnull) / "nystream"
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "nystream"
