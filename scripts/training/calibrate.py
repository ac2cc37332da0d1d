"""The last step of a run: a temperature folded into the head, and the unsure rule, both chosen on valid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from model import Classifier, read_notes
from model.training import choose_unsure, clip_figures, clip_probabilities, fit_temperature, fold_temperature
from scripts.dataset import Dataset
from scripts.measures.clips import labels_for


def calibrate_on(classifier: Classifier, valid: Dataset, precision: float) -> tuple[Classifier, dict[str, str]]:
    """The calibrated classifier, and notes with what it then does on valid. The rule aims at `precision`."""
    labels = labels_for(classifier.config, valid)
    frames = torch.from_numpy(valid.frames)
    temperature = fit_temperature(clip_probabilities(classifier, frames).clamp_min(1e-12).log(), labels)
    fold_temperature(classifier, temperature)
    tokens = clip_probabilities(classifier, frames)
    rule = choose_unsure(tokens.mean(dim=1), labels, precision)
    classifier = with_rule(classifier, rule.probability, rule.margin)
    figures = clip_figures(tokens, labels, classifier.config)
    return classifier, {
        "temperature": repr(temperature),
        "valid_accuracy": f"{figures['accuracy']:.4f}",
        "valid_log_loss": f"{figures['log_loss']:.4f}",
        "valid_ece": f"{figures['ece']:.4f}",
        "valid_sure_coverage": f"{rule.coverage:.4f}",
        "valid_sure_precision": f"{rule.precision:.4f}",
        "valid_clips": str(len(labels)),
    }


def calibrate_like(classifier: Classifier, example: Classifier, path: Path) -> tuple[Classifier, dict[str, str]]:
    """With the temperature and the rule of other weights: where all clips were trained on, none can choose them."""
    temperature = read_notes(path).get("temperature", "1.0")
    fold_temperature(classifier, float(temperature))
    config = example.config
    return with_rule(classifier, config.unsure_probability, config.unsure_margin), {
        "temperature": temperature,
        "calibrated_like": path.name,
    }


def with_rule(classifier: Classifier, probability: float, margin: float) -> Classifier:
    """The same weights with another unsure rule."""
    config = replace(classifier.config, unsure_probability=probability, unsure_margin=margin)
    changed = Classifier(config)
    changed.load_state_dict(classifier.state_dict())
    return changed.eval()
