"""The compiled front end: prepared at set-up, loaded where it is ready; numpy computes where it is not."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import audio
from audio import FrontEnd
from audio.front_end import Loops

log = logging.getLogger(__name__)

COMPILE = "from app.stream.front_end import compile_front_end; compile_front_end()"
SOURCES = [Path(audio.__file__).parent / "loops.py"]


def ready_front_end() -> FrontEnd:
    """Compiled if nothing has to be compiled first, and that is loaded; numpy's otherwise."""
    front_end = FrontEnd()
    if front_end_is_ready():
        load_front_end(front_end)
    return front_end


def front_end_is_ready() -> bool:
    """Whether nothing of it has to be compiled."""
    try:
        from model.compiled.cache import is_ready
    except ImportError:
        return False
    return is_ready(_mark())


def load_front_end(front_end: FrontEnd) -> None:
    """Let it go on compiled; some milliseconds where the model's functions are loaded already."""
    front_end.take_over(compile_front_end())


def compile_ahead(front_end: FrontEnd) -> None:
    """Let it go on compiled. May take seconds, in which numpy computes."""
    if front_end.name == "compiled":
        return
    try:
        from model.compiled.cache import compile_apart

        compile_apart(COMPILE, _mark())
        load_front_end(front_end)
    except ImportError as error:
        log.info("numpy computes log-mel frames: %s", error)


def compile_front_end() -> Loops:
    """Compile or load it in this process. Raises ImportError where numba is missing."""
    from audio.loops import compile_loops
    from model.compiled.cache import kept, mark_ready

    loops = compile_loops(kept)
    mark_ready(_mark())
    return loops


def compile_everything() -> None:
    """All compiled functions of the program, for set-up."""
    from model.compiled.classifier import compile_all

    compile_all()
    compile_front_end()


def describe_front_end() -> dict[str, str]:
    """What computes log-mel frames, "compiled" or "numpy", and why or from where."""
    try:
        from model.compiled.cache import cache_folder, is_ready
    except ImportError as error:
        return {"name": "numpy", "note": f"numba cannot be used ({error}): install it for frames that take less time"}
    folder = cache_folder()
    if folder is None:
        return {
            "name": "compiled",
            "note": "by every window anew, because no cache folder can be written: set NYSTREAM_CACHE to one",
        }
    if is_ready(_mark()):
        return {"name": "compiled", "note": f"kept in {folder}"}
    return {"name": "compiled", "note": "by the first window; numpy until then"}


def _mark() -> str:
    """The file that says that this version of it is there: the cache folder's name knows only the model's sources."""
    from model.compiled.cache import identity

    return f"front-end-{hashlib.sha256(identity(SOURCES)).hexdigest()[:16]}"
