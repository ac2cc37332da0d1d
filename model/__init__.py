"""Continual Nystrom transformers: tensors in, tensors out, state passed by hand.

What is named here is imported when it is first used: torch takes more than a second, and not everybody needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model.classifier import Classifier, ClassifierState, probabilities
    from model.config import GTZAN_GENRES, ModelConfig
    from model.cost import Cost, history_frames, step_cost, twin_cost
    from model.twin import TwinState, WindowTwin
    from model.weights import (
        WeightsError,
        load_classifier,
        load_for_training,
        read_config,
        read_notes,
        round_weights,
        save_classifier,
    )

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

_HOMES = {
    "Classifier": "classifier",
    "ClassifierState": "classifier",
    "probabilities": "classifier",
    "GTZAN_GENRES": "config",
    "ModelConfig": "config",
    "Cost": "cost",
    "history_frames": "cost",
    "step_cost": "cost",
    "twin_cost": "cost",
    "round_weights": "weights",
    "TwinState": "twin",
    "WindowTwin": "twin",
    "load_classifier": "weights",
    "load_for_training": "weights",
    "read_config": "weights",
    "read_notes": "weights",
    "save_classifier": "weights",
    "WeightsError": "weights",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
