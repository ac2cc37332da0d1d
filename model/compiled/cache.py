"""The compiled functions, kept on disk: compiled once on a machine, then loaded in a fraction of a second."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn, cast

import llvmlite.binding
import numba
from numba.core import config

from model import definitions  # compiled too
from model.compiled import user_cache
from model.compiled.arithmetic import OPTIONS, Function

READY = "ready"  # the file that says that all of this package is there
COMPILE = "from model.compiled.classifier import compile_all; compile_all()"
FOLDERS = "compiled-"  # and a digest
UNUSED_DAYS = 30
SECONDS_PER_DAY = 86_400.0


@cache
def kept(function: Function) -> Function:
    """A function of this package or on top of it, compiled at its first call and kept on disk where that is possible.

    numba looks only at the function's own file to see whether what it kept is still good, not at what that imports, and
    finds it only for sources that lie where they lay: the name of the folder, made of both, says the same of all.
    """
    _do_without_blas()  # before anything is loaded, and not before there is a window
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
    folder = user_cache() / f"{FOLDERS}{_digest()}"
    try:
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            os.utime(folder)  # used now
    except OSError:
        return None
    if is_new:
        prune(folder.parent, f"{FOLDERS}*")
    return folder


def is_ready(mark: str = READY) -> bool:
    """Whether nothing has to be compiled any more. `mark`: of functions on top of this package."""
    folder = cache_folder()
    return folder is not None and (folder / mark).exists()


def mark_ready(mark: str = READY) -> None:
    """Record that all of it is on disk."""
    folder = cache_folder()
    if folder is not None:
        (folder / mark).touch()


def compile_apart(command: str = COMPILE, mark: str = READY) -> None:
    """Compile in a process of its own, so that no thread of this one waits for the compiler; load it afterwards."""
    if cache_folder() is not None and not is_ready(mark):
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        subprocess.run(
            [sys.executable, "-c", command],
            env=os.environ | {"PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,  # what failed there is compiled by loading it
        )


def identity(sources: Iterable[Path]) -> bytes:
    """What they say and where they lie: what is compiled of them is good for no others, see `kept`."""
    return b"".join(bytes(source) + source.read_bytes() for source in sources)


def prune(parent: Path, pattern: str) -> None:
    """Remove the folders of this pattern that have not been used for UNUSED_DAYS: of past versions and processors.

    Any number of processes may do so at the same time. What cannot be removed stays.
    """
    oldest = time.time() - UNUSED_DAYS * SECONDS_PER_DAY
    for folder in parent.glob(pattern):
        with contextlib.suppress(OSError):
            if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _digest() -> str:
    machine = llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten()
    wanted = os.environ.get("NUMBA_CPU_NAME")  # numba compiles for another processor where this is set
    seen = hashlib.sha256(repr((numba.__version__, platform.python_version(), machine, wanted)).encode())
    seen.update(identity((*sorted(Path(__file__).parent.glob("*.py")), Path(definitions.__file__))))
    return seen.hexdigest()[:16]


def _do_without_blas() -> None:
    """Keep numba from importing scipy.linalg, a sixth of a second at every start: nothing here calls a BLAS."""
    from numba.np import linalg

    look = linalg.ensure_blas
    linalg.ensure_blas = _no_blas
    try:
        import_module("numba.np.arraymath")  # which looks, once and for all
    finally:
        linalg.ensure_blas = look


def _no_blas() -> NoReturn:
    raise ImportError("nothing that is compiled needs a BLAS")
