"""What computes a model's frames: log-mel in, tokens, probabilities out; one stream per backend.

Compiled functions are made by set-up or by the first window, and kept on disk. They are loaded where they are ready;
torch computes where they are not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.stream.imports import bulk_imports
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

    return cache.is_ready()


def mend(say: Callable[[str], object]) -> None:
    """For a command: what was compiled once and is damaged now is compiled again, and said. It takes seconds."""
    if numba_fault():
        return
    from model.compiled.cache import can_keep, is_damaged

    if is_damaged() and can_keep():
        say("the compiled functions that were kept are damaged: compiling them again")
        try_to_compile()


def try_to_compile() -> bool:
    """Compile or load all functions in this process; whether they are there. torch computes without them."""
    try:
        compile_everything()
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


def compile_everything() -> None:
    """Compile or load all functions in this process, which takes seconds or half a second. Nothing happens where numba
    cannot be used.
    """
    if numba_fault():
        return
    from model.compiled.cache import mark_ready
    from model.compiled.classifier import compile_all

    mark_ready(compile_all())


def compile_ahead() -> None:
    """The same, but what must be compiled is compiled in a process of its own: no thread waits for the compiler."""
    if numba_fault():
        return
    from model.compiled.cache import compile_apart

    compile_apart(COMPILE)
    with bulk_imports():
        compile_everything()


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
    from model.compiled.cache import cache_folder, can_keep

    if is_ready():
        note = f"kept in {cache_folder()}"
    elif can_keep():
        note = "to be compiled by the first window"
    else:
        note = "compiled anew at every start, because no cache folder can be written: set NYSTREAM_CACHE to one"
    return {"name": "compiled", "note": note}
