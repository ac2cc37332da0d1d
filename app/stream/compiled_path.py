"""The live path as compiled functions, where numba is there and the model is covered; torch does the rest."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.stream.live_model import LiveModel, in_use, row_of
from app.stream.loading import giving_way

if TYPE_CHECKING:  # torch and numba take their time
    from model import Classifier, ModelConfig
    from model.compiled.classifier import CompiledClassifier

log = logging.getLogger(__name__)


class CompiledPath:
    """Implements app.stream.live_path.LivePath."""

    name = "compiled"

    def __init__(self, classifier: CompiledClassifier) -> None:
        self._classifier = classifier
        self._state = classifier.init_state()

    @property
    def filled(self) -> int:
        return min(self._state.position, self._classifier.config.window)

    def tokenize(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        token: NDArray[np.float32] = self._classifier.tokenize(log_mel[np.newaxis], self._state)[0]
        return token

    def step(self, token: NDArray[np.float32]) -> NDArray[np.float64]:
        answer: NDArray[np.float64] = self._classifier.encode(token[np.newaxis], self._state)[0].astype(np.float64)
        return answer

    def hear(self, log_mels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        tokens = self._classifier.tokenize(log_mels, self._state)
        return tokens, self._classifier.encode(tokens, self._state).astype(np.float64)


def load_ready(weights: Path, window: int | None = None) -> CompiledClassifier | None:
    """A weights file on the compiled path, if that covers it and all is kept on disk: then torch is not imported.

    With its own window, or with one of so many tokens. Raises WeightsError, and ValueError for a window that the model
    cannot have.
    """
    try:
        from model.compiled.cache import is_ready
        from model.compiled.classifier import CompiledClassifier
        from model.compiled.prepare import NotCoveredError
    except ImportError:
        return None
    try:
        compiled = CompiledClassifier.load(weights) if is_ready() else None
    except NotCoveredError:
        return None
    if compiled is None or window is None:
        return compiled
    return CompiledClassifier(compiled.config.with_window(window), compiled.tensors)


def compiled_model(
    compiled: CompiledClassifier, reference: Callable[[], Classifier], load_more: Callable[[], None] = lambda: None
) -> LiveModel:
    """Without a twin: that needs torch. `load_more` is called once, after the functions are loaded."""
    from model.compiled.classifier import compile_all

    @cache
    def load_functions() -> None:
        compile_all()
        load_more()

    def make_path() -> CompiledPath:
        load_functions()  # before the first frame, so that its time is not taken for that of a step
        return CompiledPath(compiled)

    config = compiled.config
    return LiveModel(config, in_use(config, row_of(config, "")), make_path, None, reference)


def quicken(classifier: Classifier) -> Callable[[], CompiledPath] | None:
    """Compiled paths of this classifier's weights; None where there are none. May take seconds."""
    began = time.perf_counter()
    try:
        from model.compiled.cache import compile_apart
        from model.compiled.classifier import CompiledClassifier, compile_all
        from model.compiled.prepare import NotCoveredError
    except ImportError as error:
        log.info("torch computes the frames: %s", error)
        return None
    tensors = {name: tensor.detach().numpy() for name, tensor in classifier.state_dict().items()}
    try:
        compiled = CompiledClassifier(classifier.config, tensors)
    except NotCoveredError as error:
        log.info("torch computes the frames: the compiled path does not cover %s", error)
        return None
    compile_apart()
    with giving_way():
        compile_all()
    log.info("the compiled path was ready after %.1f s", time.perf_counter() - began)
    return lambda: CompiledPath(compiled)


def describe_path(config: ModelConfig, tensors: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """What computes the frames of this model live, "compiled" or "torch", and why or from where.

    Raises ValueError for tensors that do not fit the configuration.
    """
    try:
        from model.compiled.cache import cache_folder, is_ready
        from model.compiled.classifier import CompiledClassifier
        from model.compiled.prepare import NotCoveredError
    except ImportError as error:
        return {"name": "torch", "note": f"numba cannot be used ({error}): install it for steps that take less time"}
    try:
        CompiledClassifier(config, tensors)
    except NotCoveredError as error:
        return {"name": "torch", "note": f"the compiled path does not cover {error}"}
    folder = cache_folder()
    if folder is None:
        return {
            "name": "compiled",
            "note": "compiled anew at every start, because no cache folder can be written: set NYSTREAM_CACHE to one",
        }
    return {"name": "compiled", "note": f"kept in {folder}" if is_ready() else "to be compiled by the first window"}
