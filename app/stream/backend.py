"""What computes a model's frames: log-mel in, tokens, probabilities out; one stream per backend.

Compiled functions, of the model and of the front end, are made by set-up or by the first window, and kept on disk. They
are loaded where they are ready; torch and numpy compute where they are not.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

import audio
from app.stream.imports import bulk_imports
from audio import FrontEnd
from model import ModelConfig

if TYPE_CHECKING:  # torch and numba take their time
    from model import Classifier
    from model.compiled.classifier import CompiledClassifier

log = logging.getLogger(__name__)

COMPILE = "from app.stream.backend import compile_everything; compile_everything()"


class Backend(Protocol):
    """One stream of one model, with its state. Called by one thread at a time.

    Frames pass through `tokenize` and then `encode`, one or many at a time: the two are timed apart, and the twin gets
    the same tokens.
    """

    @property
    def name(self) -> str:
        """What computes: "torch" or "compiled"."""

    @property
    def filled(self) -> int:
        """Tokens in the attention window, 0 .. n."""

    def tokenize(self, log_mels: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, bands) dB -> tokens (T, d)."""

    def encode(self, tokens: NDArray[np.float32]) -> NDArray[np.float64]:
        """(T, d) -> probabilities (T, genres), at every token for all that is in the window."""


class CompiledBackend:
    """Implements Backend by the compiled functions: torch need not be there."""

    name = "compiled"

    def __init__(self, classifier: CompiledClassifier) -> None:
        self._classifier = classifier
        self._state = classifier.init_state()

    @property
    def filled(self) -> int:
        return min(self._state.position, self._classifier.config.window)

    def tokenize(self, log_mels: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._classifier.tokenize(log_mels, self._state)

    def encode(self, tokens: NDArray[np.float32]) -> NDArray[np.float64]:
        probabilities: NDArray[np.float64] = self._classifier.encode(tokens, self._state).astype(np.float64)
        return probabilities


def compile_classifier(classifier: Classifier, halves: bool = True) -> CompiledClassifier | None:
    """The same weights; None where nothing compiled can be used or the model is not covered. halves: see
    CompiledClassifier.
    """
    if fault := numba_fault():
        log.info("torch computes the frames: %s", fault)
        return None
    from model.compiled.classifier import CompiledClassifier
    from model.compiled.prepare import NotCoveredError

    tensors = {name: tensor.detach().numpy() for name, tensor in classifier.state_dict().items()}
    try:
        return CompiledClassifier(classifier.config, tensors, halves)
    except NotCoveredError as error:
        log.info("torch computes the frames: the compiled backend does not cover %s", error)
        return None


def load_ready(weights: Path, window: int | None = None) -> CompiledClassifier | None:
    """With its own window, or one of so many tokens; None where it is not covered, or anything must be compiled first.

    Raises WeightsError, and ValueError for a window that the model cannot have.
    """
    if not is_ready():
        return None
    from model.compiled.classifier import CompiledClassifier
    from model.compiled.prepare import NotCoveredError

    try:
        compiled = CompiledClassifier.load(weights)
    except NotCoveredError:
        return None
    return compiled if window is None else CompiledClassifier(compiled.config.with_window(window), compiled.tensors)


def is_ready() -> bool:
    """Whether nothing has to be compiled."""
    if numba_fault():
        return False
    from model.compiled import cache

    return cache.is_ready(_mark())


def mend(say: Callable[[str], object]) -> None:
    """For a command: what was compiled once and is damaged now is compiled again, and said. It takes seconds."""
    if numba_fault():
        return
    from model.compiled.cache import can_keep, is_damaged

    if is_damaged(_mark()) and can_keep():
        say("the compiled functions that were kept are damaged: compiling them again")
        try_to_compile()


def try_to_compile(front_end: FrontEnd | None = None) -> bool:
    """Compile or load all functions in this process; whether they are there. torch and numpy compute without them."""
    try:
        compile_everything(front_end)
    except Exception as error:  # whatever a compiler may say
        log.info("torch computes the frames: nothing can be compiled (%r)", error)
        return False
    return True


def numba_fault() -> str:
    """Why nothing compiled can be used, "" where it can: numba may be broken, and a window and files go without it."""
    try:
        import model.compiled.cache  # noqa: F401
    except (ImportError, OSError) as error:  # also of its libraries
        return f"numba cannot be used ({error})"
    return ""


def compile_everything(front_end: FrontEnd | None = None) -> None:
    """Compile or load all functions in this process, which takes seconds or half a second. A front end goes on with
    them. Nothing happens where numba cannot be used.
    """
    if numba_fault():
        return
    from audio.loops import compile_loops
    from model.compiled.cache import kept, mark_ready
    from model.compiled.classifier import compile_all

    functions = compile_all()
    loops = compile_loops(kept)
    mark_ready(_mark(), (*functions, *loops))
    if front_end is not None:
        front_end.loops = loops


def compile_ahead(front_end: FrontEnd | None = None) -> None:
    """The same, but what must be compiled is compiled in a process of its own: no thread waits for the compiler."""
    if numba_fault():
        return
    from model.compiled.cache import compile_apart

    compile_apart(COMPILE, _mark())
    with bulk_imports():
        compile_everything(front_end)


def describe_backend(config: ModelConfig, tensors: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """What computes the frames of this model live, "compiled" or "torch", and why or from where.

    Raises ValueError for tensors that do not fit the configuration.
    """
    if fault := numba_fault():
        return {"name": "torch", "note": f"{fault}: install it for steps that take less time"}
    from model.compiled.classifier import CompiledClassifier
    from model.compiled.prepare import NotCoveredError

    try:
        CompiledClassifier(config, tensors)
    except NotCoveredError as error:
        return {"name": "torch", "note": f"the compiled backend does not cover {error}"}
    return _describe_compiled(later="to be compiled by the first window", always="compiled anew at every start")


def describe_front_end() -> dict[str, str]:
    """What computes log-mel frames, "compiled" or "numpy", and why or from where."""
    if fault := numba_fault():
        return {"name": "numpy", "note": f"{fault}: install it for frames that take less time"}
    return _describe_compiled(later="by the first window; numpy until then", always="by every window anew")


def _describe_compiled(later: str, always: str) -> dict[str, str]:
    from model.compiled.cache import cache_folder, can_keep

    if is_ready():
        note = f"kept in {cache_folder()}"
    else:
        note = later if can_keep() else f"{always}, because no cache folder can be written: set NYSTREAM_CACHE to one"
    return {"name": "compiled", "note": note}


def _mark() -> str:
    """The file that says that all is there: the cache folder's name knows only the model's sources."""
    from model.compiled.cache import identity

    sources = [Path(audio.__file__).parent / "loops.py"]
    return f"everything-{hashlib.sha256(identity(sources)).hexdigest()[:16]}"
