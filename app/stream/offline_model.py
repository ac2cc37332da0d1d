"""The model of an offline run: compiled where that is ready, else torch. Which of them makes no difference to 1e-5."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from app.stream.compiled_path import CompiledPath, load_ready
from app.stream.front_end import ready_front_end
from audio import FrontEnd

if TYPE_CHECKING:
    from model import Classifier, ModelConfig
    from model.compiled.classifier import CompiledClassifier


class Hearer(Protocol):
    """One stream through the continual model."""

    def hear(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        """The next frames (T, bands) dB -> probabilities (T, genres)."""


@dataclass(frozen=True)
class OfflineModel:
    """`begin` gives a new stream, which lives on a few frames at a time where it is given True.

    front_end: what computes its frames.
    """

    config: ModelConfig
    begin: Callable[[bool], Hearer]
    reference: Callable[[], Classifier]  # the same weights in torch, for the twin
    front_end: FrontEnd = field(default_factory=FrontEnd)


def load_model(path: Path) -> OfflineModel:
    """Compiled, if nothing has to be compiled first: then torch is not even imported. Raises WeightsError."""
    compiled = load_ready(path)
    if compiled is None:
        return torch_model(_load_classifier(path))
    return OfflineModel(
        compiled.config, lambda _live: _Compiled(compiled), lambda: _load_classifier(path), ready_front_end()
    )


def torch_model(classifier: Classifier) -> OfflineModel:
    """This classifier, as it is."""
    from app.stream.torch_hearer import TorchHearer

    return OfflineModel(classifier.config, lambda live: TorchHearer(classifier, live), lambda: classifier)


class _Compiled:
    def __init__(self, compiled: CompiledClassifier) -> None:
        self._path = CompiledPath(compiled)

    def hear(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        return self._path.hear(frames)[1]


def _load_classifier(path: Path) -> Classifier:
    """Raises WeightsError."""
    import torch

    from model import load_classifier

    torch.set_num_threads(1)  # a batch shares out files, not the inside of a step
    return load_classifier(path)
