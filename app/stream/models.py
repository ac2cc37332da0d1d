"""One loader: from a weights file to a model that runs, compiled where all of that is ready, else by torch.

Two streams of one model share its weights, and each has a backend of its own.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.stream.backend import (
    Backend,
    CompiledBackend,
    compile_ahead,
    compile_classifier,
    load_ready,
    try_to_compile,
)
from app.stream.imports import bulk_imports, import_torch
from app.stream.snapshot import FrameFlops, ModelChoice, ModelDescription
from audio import BANDS, FRAME_SECONDS, frame_flops
from model import ModelConfig, WeightsError, read_config, step_cost, twin_cost

if TYPE_CHECKING:  # torch takes its time
    from app.stream.torch_backend import TorchTwin
    from model import Classifier

log = logging.getLogger(__name__)

NYSTROM = "Nystr\N{LATIN SMALL LETTER O WITH DIAERESIS}m"


@dataclass(frozen=True)
class Model:
    """`make_backend` and `make_twin` give one of its own to every stream. They are instant, except the first backend:
    that loads the compiled functions, half a second, and is not for the window's thread.
    """

    config: ModelConfig
    description: ModelDescription
    make_backend: Callable[[], Backend]
    make_twin: Callable[[], TorchTwin] | None  # None until torch is there, see with_twin
    classifier: Callable[[], Classifier]  # the same weights in torch; may take seconds. Raises WeightsError


def load_model(weights: Path, window: int | None = None) -> Model:
    """With its own window, or with one of so many tokens.

    Compiled, if nothing has to be compiled first: then torch is not even imported. Which of them makes no difference
    to 1e-5. Raises WeightsError, and ValueError for a window that the model cannot have.
    """
    check_bands(weights)
    load = cache(partial(load_classifier, weights, window))
    with bulk_imports():
        compiled = load_ready(weights, window)
    if compiled is None:
        return torch_model(load())
    load_functions = cache(try_to_compile)

    def make_backend() -> Backend:
        # Before the first frame, so that its time is not taken for that of a step.
        return CompiledBackend(compiled) if load_functions() else torch_model(load()).make_backend()

    return Model(compiled.config, describe_model(compiled.config), make_backend, None, load)


def torch_model(classifier: Classifier, choice: ModelChoice | None = None) -> Model:
    """This classifier, all of it computed by torch."""
    from app.stream.torch_backend import TorchBackend, TorchTwin

    return Model(
        classifier.config,
        describe_model(classifier.config, choice),
        lambda: TorchBackend(classifier),
        lambda: TorchTwin(classifier),
        lambda: classifier,
    )


def with_twin(model: Model) -> Model:
    """The same with its twin: loads torch, where it is not there yet. Raises WeightsError."""
    if model.make_twin is not None:
        return model
    classifier = model.classifier()
    from app.stream.torch_backend import TorchTwin

    return replace(model, make_twin=lambda: TorchTwin(classifier))


def compile_model(model: Model) -> Model | None:
    """The same on compiled functions; None where they do not cover it. May take seconds."""
    began = time.perf_counter()
    compiled = compile_classifier(model.classifier())
    compile_ahead()
    log.info("the compiled functions were ready after %.1f s", time.perf_counter() - began)
    return None if compiled is None else replace(model, make_backend=lambda: CompiledBackend(compiled))


def load_classifier(weights: Path, window: int | None = None) -> Classifier:
    """The weights in torch: for the twin, for what is not compiled, and for another window. Seconds, where torch has
    to be imported first. Raises WeightsError, and ValueError for a window that the model cannot have.
    """
    check_bands(weights)
    import_torch()
    from model import load_classifier

    classifier = load_classifier(weights)
    return classifier if window is None else classifier.with_window(window)


def check_bands(weights: Path) -> None:
    """Raises WeightsError where the model expects other log-mel frames than the program makes."""
    if (bands := read_config(weights).bands) != BANDS:
        raise WeightsError(
            f"{weights} was made for frames of {bands} bands, and this version makes {BANDS}: train it again, or take "
            "the weights that ship"
        )


def window_tokens(seconds: float) -> int:
    """n: the whole tokens nearest to so many seconds."""
    return round(seconds / FRAME_SECONDS)


def identify(weights: Path) -> dict[str, str]:
    """A model's name, and the SHA-256 of its file. Raises OSError."""
    return {"name": weights.stem, "hash": hashlib.sha256(weights.read_bytes()).hexdigest()}


def describe_model(config: ModelConfig, choice: ModelChoice | None = None) -> ModelDescription:
    """What is said of a model of this configuration."""
    step, twin = step_cost(config), twin_cost(config)
    shared = {"log-mel": frame_flops(), "stem": step.parts["stem"]}
    parts = ({part: flops for part, flops in cost.parts.items() if part != "stem"} for cost in (step, twin))
    return ModelDescription(
        choice or name_model(config),
        config.window,
        config.window * FRAME_SECONDS,
        FrameFlops(shared, *parts),
        step.state_bytes,
        twin.state_bytes,
    )


def name_model(config: ModelConfig, key: str = "") -> ModelChoice:
    """Its name in the field's terms, and what sets it apart."""
    if config.attention == "softmax":
        name = "Continual Transformer"
        what = "Exact softmax attention: every step attends to all keys and values of the window, which it keeps."
    elif config.attention == "gaussian":
        name = "Continual Transformer, Gaussian attention"
        what = "Attention by distance, not normalised: every step attends to all keys and values of the window."
    else:
        name = f"Continual {NYSTROM}, {config.landmarks} landmarks"
        origin = "learned once" if config.landmarks == "fixed" else "the means of the stream's last segments"
        what = (
            f"{NYSTROM} attention through {config.landmark_count} landmarks, {origin}: a step updates one sum for each "
            "landmark, however long the window is."
        )
    if config.blocks > 1:
        name += f", {config.blocks} blocks"
    return ModelChoice(key, name, what)


def saved_flops(config: ModelConfig, filled: int) -> int:
    """Work that the twin does for one frame with `filled` tokens in the window, and the continual encoder avoids."""
    least = config.landmark_count if config.attention == "nystrom" and config.landmarks == "fixed" else 1
    so_far = config.with_window(max(filled, least)) if not config.positions else config
    return twin_cost(so_far).encoder - step_cost(config).encoder
