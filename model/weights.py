"""Weights on disk: safetensors with the configuration in the metadata. Nothing is ever unpickled."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from model.classifier import Classifier
from model.config import ModelConfig

FORMAT = "nystream-1"


class WeightsError(Exception):
    """The weights cannot be used; the text is one sentence that says why."""


def save_classifier(classifier: Classifier, path: Path, notes: dict[str, str] | None = None) -> None:
    """Write the weights, whole or not at all. `notes` say where they come from, for people."""
    metadata = {
        "format": FORMAT,
        "config": classifier.config.to_json(),
        "notes": json.dumps(notes or {}, sort_keys=True),
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in classifier.state_dict().items()}
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(save(tensors, metadata))
    partial.replace(path)


def load_for_training(path: Path) -> Classifier:
    """The classifier as it was saved. Raises WeightsError."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file") from None
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file: {_one_line(error)}") from None
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{path} holds no Nystream weights: its format is {metadata.get('format')!r}, not {FORMAT!r}"
        )
    try:
        classifier = Classifier(ModelConfig.from_json(metadata.get("config", "")))
        classifier.load_state_dict(tensors)
    except (ValueError, TypeError, RuntimeError) as error:
        raise WeightsError(f"{path} does not fit its own configuration: {_one_line(error)}") from None
    return classifier


def load_classifier(path: Path) -> Classifier:
    """The classifier ready for use: evaluation mode, batch norms folded. Raises WeightsError."""
    return load_for_training(path).for_inference()


def read_config(path: Path) -> ModelConfig:
    """The configuration alone, without reading the weights. Raises WeightsError."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file: {_one_line(error)}") from None
    if metadata.get("format") != FORMAT:
        raise WeightsError(f"{path} holds no Nystream weights")
    try:
        return ModelConfig.from_json(metadata.get("config", ""))
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{path} has no usable configuration: {_one_line(error)}") from None


def read_notes(path: Path) -> dict[str, str]:
    """What was said of the weights when they were saved."""
    with safe_open(path, framework="pt") as file:
        notes: dict[str, str] = json.loads((file.metadata() or {}).get("notes", "{}"))
    return notes


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
