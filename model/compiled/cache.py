"""The compiled functions, kept on disk: compiled once on a machine, then loaded in a fraction of a second.

On disk: a folder for all that decides what is compiled (the sources of this package, numba, Python, the processor), in
it a file for each function and types of arguments, and a file that names those that a start needs. Each is written
beside its place and then moved there, and has a checksum: what is missing, cut, damaged or unreadable is as if it had
never been compiled.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import platform
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, cast

import llvmlite
import llvmlite.binding
import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from model import definitions  # compiled too
from model.compiled import user_cache
from model.compiled.registers import OPTIONS, Function, shipped_folder

FOLDERS = "compiled-"  # and a digest
READY = "ready"  # the file that names all that a start needs
DIGEST_BYTES = 16
UNUSED_DAYS = 30
SECONDS_PER_DAY = 86_400.0


@cache
def kept(function: Function) -> Function:
    """A function of this package or on top of it, compiled at its first call and kept on disk where that is possible.

    numba's own cache looks only at the function's file to see whether what it kept is still good, not at what that
    imports, finds it only for sources that lie where they lay, and fails where a file of it is damaged.
    """
    _do_without_blas()  # before anything is loaded, and not before there is a window
    dispatcher: Any = numba.njit(**OPTIONS)(function)
    folder = cache_folder()
    if folder is not None:
        dispatcher._cache = KeptCode(folder, function)
    return cast(Function, dispatcher)


class KeptCode:
    """Where numba looks for what is compiled of one function, and puts it. Never raises for what is wrong with a file.

    file: the name of what was found or put last; "" where it could not be.
    """

    def __init__(self, folder: Path, function: Function) -> None:
        source = sys.modules[function.__module__].__file__
        assert source is not None
        self._folder, self._name = folder, f"{function.__module__}.{function.__qualname__}"
        self._source = identity([Path(source)])
        self.file = ""

    def load_overload(self, signature: object, target: Any) -> Any:
        """What was compiled for these types of arguments; None where that must be done now."""
        target.refresh()
        path = self._path(signature, target)
        code = _read(path)
        if code is None:
            return None
        try:
            result = cast(Any, CompileResult)._rebuild(target, *pickle.loads(code))
        except Exception:  # of whatever is not as numba wants it
            return None
        self.file = path.name
        return result

    def save_overload(self, signature: object, result: Any) -> None:
        """Keep it, where that is possible."""
        path = self._path(signature, result.target_context)
        if not result.library.has_dynamic_globals:  # memory addresses, which no other run has
            self.file = path.name if _write(path, cast(Any, dumps)(result._reduce())) else ""

    def _path(self, signature: object, target: Any) -> Path:
        known_by = repr((signature, target.codegen().magic_tuple())).encode() + self._source
        return self._folder / f"{self._name}-{hashlib.blake2b(known_by, digest_size=8).hexdigest()}"


@lru_cache(maxsize=1)
def cache_folder() -> Path | None:
    """Where this version of these sources keeps what it compiles for this processor; None where there can be none. A
    bundle brings it along.
    """
    if shipped := shipped_folder():
        return shipped
    folder = user_cache() / f"{FOLDERS}{_digest()}"
    try:
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    with contextlib.suppress(OSError):  # it can be read at least
        os.utime(folder)  # used now
    if is_new:
        prune(folder.parent, f"{FOLDERS}*")
    return folder


def can_keep() -> bool:
    """Whether there is a cache folder that can be written."""
    folder = cache_folder()
    return folder is not None and os.access(folder, os.W_OK)


def is_ready() -> bool:
    """Whether nothing has to be compiled any more: READY is there, and every file that it names."""
    folder = cache_folder()
    named = None if folder is None else _read(folder / READY)
    return folder is not None and named is not None and all(_read(folder / name) for name in named.decode().split())


def is_damaged() -> bool:
    """Whether all was ready once, and is not now."""
    folder = cache_folder()
    return folder is not None and (folder / READY).exists() and not is_ready()


def mark_ready(functions: Iterable[Any]) -> None:
    """Record that these functions, which have been called, are all that a start needs, or that they are not kept."""
    folder = cache_folder()
    if folder is None:
        return
    files = [function._cache.file for function in functions]
    if not all(files):
        with contextlib.suppress(OSError):
            (folder / READY).unlink()
    elif not is_ready():
        _write(folder / READY, " ".join(files).encode())


def compile_apart(command: str) -> None:
    """Compile in a process of its own, so that no thread of this one waits for the compiler; load it afterwards."""
    if can_keep() and not is_ready():
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        subprocess.run(
            [sys.executable, "-c", command],
            env=os.environ | {"PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,  # what failed there is compiled by loading it
        )


def identity(sources: Iterable[Path]) -> bytes:
    """What they say: what is compiled of them is good for no others."""
    return b"".join(source.read_bytes() for source in sources)


def prune(parent: Path, pattern: str) -> None:
    """Remove the folders of this pattern that have not been used for UNUSED_DAYS: of past versions and processors.

    Any number of processes may do so at the same time. What cannot be removed stays.
    """
    oldest = time.time() - UNUSED_DAYS * SECONDS_PER_DAY
    for folder in parent.glob(pattern):
        with contextlib.suppress(OSError):
            if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path) -> bytes | None:
    """What `_write` wrote there; None where it is not as it was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, said = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    return said if digest == hashlib.blake2b(said, digest_size=DIGEST_BYTES).digest() else None


def _write(path: Path, content: bytes) -> bool:
    """Whole, or not at all and False. Any number of processes may do so at the same time."""
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        if path.is_dir():
            shutil.rmtree(path)
        partial.write_bytes(hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest() + content)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        return False
    return True


def _digest() -> str:
    machine = llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten()
    wanted = os.environ.get("NUMBA_CPU_NAME")  # numba compiles for another processor where this is set
    versions = numba.__version__, llvmlite.__version__, platform.python_version()
    seen = hashlib.sha256(repr((versions, machine, wanted)).encode())
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
