"""Continual Nystrom transformers: tensors in, tensors out, state passed by hand. docs/library.md shows their use.

What needs torch is imported when it is first used: torch takes more than a second, and not everybody needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from model.config import GTZAN_GENRES, DetectorConfig, EncoderConfig, ModelConfig
from model.cost import Cost, detector_step_cost, detector_window_cost, history_frames, step_cost, twin_cost
from model.weights import (
    WeightsError,
    load_classifier,
    load_encoder,
    load_for_training,
    read_config,
    read_notes,
    round_weights,
    save_classifier,
    save_encoder,
)

if TYPE_CHECKING:
    from model.attention import AttentionState, MultiHeadAttention
    from model.block import EncoderBlock
    from model.classifier import Classifier, ClassifierState, probabilities
    from model.detector import Detection, OnlineDetector
    from model.encoder import Encoder, EncoderState
    from model.export import StepModule
    from model.twin import TwinState, WindowTwin

LATER = {  # what needs torch, by where it is
    "attention": ("AttentionState", "MultiHeadAttention"),
    "block": ("EncoderBlock",),
    "classifier": ("Classifier", "ClassifierState", "probabilities"),
    "detector": ("Detection", "OnlineDetector"),
    "encoder": ("Encoder", "EncoderState"),
    "export": ("StepModule",),
    "twin": ("TwinState", "WindowTwin"),
}

__all__ = [
    "GTZAN_GENRES",
    "AttentionState",
    "Classifier",
    "ClassifierState",
    "Cost",
    "Detection",
    "DetectorConfig",
    "Encoder",
    "EncoderBlock",
    "EncoderConfig",
    "EncoderState",
    "ModelConfig",
    "MultiHeadAttention",
    "OnlineDetector",
    "StepModule",
    "TwinState",
    "WeightsError",
    "WindowTwin",
    "detector_step_cost",
    "detector_window_cost",
    "history_frames",
    "load_classifier",
    "load_encoder",
    "load_for_training",
    "probabilities",
    "read_config",
    "read_notes",
    "round_weights",
    "save_classifier",
    "save_encoder",
    "step_cost",
    "twin_cost",
]


def __getattr__(name: str) -> Any:
    for module, names in LATER.items():
        if name in names:
            return getattr(import_module(f"model.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
