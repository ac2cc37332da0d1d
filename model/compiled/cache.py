"""The compiled functions, kept on disk: compiled once on a machine, then loaded in a fraction of a second."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, cast

import llvmlite.binding
import numba
from numba.core import config

from model import segments  # compiled too
from model.compiled.compiling import OPTIONS, Function
from model.compiled.encode import encode
from model.compiled.prune import mark_used, prune
from model.compiled.tokenize import tokenize

READY = "ready"  # the file that says that all of this package is there
COMPILE = "from model.compiled.cache import compile_all; compile_all()"
FOLDERS = "compiled-"  # and a digest


class Functions(NamedTuple):
    """Each serves every model: no size is compiled in."""

    encode: Callable[..., None]
    tokenize: Callable[..., None]


@lru_cache(maxsize=1)
def functions() -> Functions:
    """To be compiled at the first call of each, or loaded if that was done before."""
    return Functions(kept(encode), kept(tokenize))


@cache
def kept(function: Function) -> Function:
    """A function of this package or on top of it, compiled at its first call and kept on disk where that is possible.

    numba looks only at the function's own file to see whether what it kept is still good, not at what that imports, and
    finds it only for sources that lie where they lay: the name of the folder, made of both, says the same of all.
    """
    import model.compiled.without_blas  # noqa: F401  before anything is loaded, and not before there is a window

    folder = cache_folder()
    if folder is None:
        return cast(Function, numba.njit(**OPTIONS)(function))
    before = config.CACHE_DIR  # type: ignore[attr-defined]
    config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    try:
        return cast(Function, numba.njit(cache=True, **OPTIONS)(function))
    finally:
        config.CACHE_DIR = before  # type: ignore[attr-defined]


@lru_cache(maxsize=1)
def cache_folder() -> Path | None:
    """Where this version of these sources keeps what it compiles for this processor; None where nothing can be kept."""
    folder = _user_cache() / "nystream" / f"{FOLDERS}{_digest()}"
    try:
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            mark_used(folder)
    except OSError:
        return None
    if is_new:
        prune(folder.parent, f"{FOLDERS}*")
    return folder


def is_ready(mark: str = READY) -> bool:
    """Whether everything can be loaded, and nothing has to be compiled. `mark`: of functions on top of this package."""
    folder = cache_folder()
    return folder is not None and (folder / mark).exists()


def mark_ready(mark: str = READY) -> None:
    """Say that it is so."""
    folder = cache_folder()
    if folder is not None:
        (folder / mark).touch()


def compile_all() -> None:
    """Compile, or load, everything in this process: seconds, or half a second."""
    from model.compiled.classifier import warm_up

    warm_up()
    mark_ready()


def compile_apart(command: str = COMPILE, mark: str = READY) -> None:
    """The same in a process of its own, so that no thread of this one waits for the compiler; load it afterwards."""
    if cache_folder() is not None and not is_ready(mark):
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        subprocess.run(
            [sys.executable, "-c", command],
            env=os.environ | {"PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,  # what it could not do is done by who loads
        )


def identity(sources: Iterable[Path]) -> bytes:
    """What they say and where they lie: what is compiled of them is good for no others, see `kept`."""
    return b"".join(bytes(source) + source.read_bytes() for source in sources)


def _user_cache() -> Path:
    given = os.environ.get("NYSTREAM_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _digest() -> str:
    machine = llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten()
    seen = hashlib.sha256(repr((numba.__version__, platform.python_version(), machine)).encode())
    seen.update(identity((*sorted(Path(__file__).parent.glob("*.py")), Path(segments.__file__))))
    return seen.hexdigest()[:16]
