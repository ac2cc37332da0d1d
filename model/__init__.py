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
    "classifier": ("Classifier", "ClassifierState", "probabilities"),
    "config": ("GTZAN_GENRES", "ModelConfig"),
    "cost": ("Cost", "history_frames", "step_cost", "twin_cost"),
    "twin": ("TwinState", "WindowTwin"),
    "weights": (
        "WeightsError",
        "load_classifier",
        "load_for_training",
        "read_config",
        "read_notes",
        "round_weights",
        "save_classifier",
    ),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
