"""Compiled functions on disk: compiled once on a machine, then loaded in a fraction of a second."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numba
from numba import njit

from model.compiled.arithmetic import OPTIONS, Function


def compile_cached(function: Function, folder: Path | None) -> Function:
    """To be compiled at its first call, or loaded from `folder` if it was compiled before; None: never kept.

    numba looks at one function's own file only to see whether what it kept is still good; a folder named after all
    sources (see `cache_folder`) makes that safe.
    """
    if folder is None:
        return cast(Function, njit(**OPTIONS)(function))
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        return cast(Function, njit(cache=True, **OPTIONS)(function))
    except RuntimeError:  # numba's word for a folder that cannot be written
        return cast(Function, njit(**OPTIONS)(function))
    finally:
        numba.config.CACHE_DIR = before


def cache_folder() -> Path | None:
    """Where this version of these sources keeps what it compiles; None where nothing can be written.

    numba itself tells processors apart inside it.
    """
    folder = _user_cache() / "nystream" / f"compiled-{_digest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


def _user_cache() -> Path:
    given = os.environ.get("NYSTREAM_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _digest() -> str:
    seen = hashlib.sha256(f"{numba.__version__} {platform.python_version()}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        seen.update(source.read_bytes())
    return seen.hexdigest()[:16]
