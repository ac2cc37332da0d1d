"""Continual Nystrom transformers: tensors in, tensors out, state passed by hand."""

from model.classifier import Classifier, ClassifierState, probabilities
from model.config import GTZAN_GENRES, ModelConfig
from model.cost import Cost, step_cost, twin_cost
from model.twin import TwinState, WindowTwin
from model.weights import WeightsError, load_classifier, load_for_training, read_config, read_notes, save_classifier

__all__ = [
    "GTZAN_GENRES",
    "Classifier",
    "ClassifierState",
    "Cost",
    "ModelConfig",
    "TwinState",
    "WeightsError",
    "WindowTwin",
    "load_classifier",
    "load_for_training",
    "probabilities",
    "read_config",
    "read_notes",
    "save_classifier",
    "step_cost",
    "twin_cost",
]
