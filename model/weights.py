"""Weights on disk: safetensors with the configuration in the metadata. Nothing is ever unpickled."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import save

from model.classifier import Classifier
from model.weights_file import FORMAT, read_weights, unfitting


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
    config, tensors = read_weights(path, "pt")
    try:
        classifier = Classifier(config)
        classifier.load_state_dict(tensors)
    except (ValueError, TypeError, RuntimeError) as error:
        raise unfitting(path, error) from None
    return classifier


def load_classifier(path: Path) -> Classifier:
    """The classifier ready for use: evaluation mode, batch norms folded. Raises WeightsError."""
    return load_for_training(path).for_inference()
