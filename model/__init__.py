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
    from model.rounding import round_weights
    from model.twin import TwinState, WindowTwin
    from model.weights import load_classifier, load_for_training, save_classifier
    from model.weights_file import WeightsError, read_config, read_notes

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
    "round_weights": "rounding",
    "TwinState": "twin",
    "WindowTwin": "twin",
    "load_classifier": "weights",
    "load_for_training": "weights",
    "read_config": "weights_file",
    "read_notes": "weights_file",
    "save_classifier": "weights",
    "WeightsError": "weights_file",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
