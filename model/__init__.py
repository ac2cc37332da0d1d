"""Continual Nystrom transformers: tensors in, tensors out, state passed by hand.

What needs torch is imported when it is first used: torch takes more than a second, and not everybody needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from model.config import GTZAN_GENRES, ModelConfig
from model.cost import Cost, history_frames, step_cost, twin_cost
from model.weights import (
    WeightsError,
    load_classifier,
    load_for_training,
    read_config,
    read_notes,
    round_weights,
    save_classifier,
)

if TYPE_CHECKING:
    from model.classifier import Classifier, ClassifierState, probabilities
    from model.twin import TwinState, WindowTwin

__all__ = [
    "GTZAN_GENRES",
    "Classifier",
    "ClassifierState",
    "Cost",
    "ModelConfig",
    "TwinState",
    "WeightsError",
    "WindowTwin",
    "history_frames",
    "load_classifier",
    "load_for_training",
    "probabilities",
    "read_config",
    "read_notes",
    "round_weights",
    "save_classifier",
    "step_cost",
    "twin_cost",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("model.twin" if "Twin" in name else "model.classifier"), name)
