"""The last step of a run: a temperature folded into the head, and the unsure rule: chosen on valid, or found before."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.text import to_json
from model import Classifier, ModelConfig, load_for_training, read_notes
from model.training import (
    choose_unsure,
    clip_figures,
    clip_probabilities,
    fit_offsets,
    fit_temperature,
    fold_offsets,
    fold_temperature,
)
from scripts.dataset import Dataset
from scripts.measures import labels_for


@dataclass(frozen=True)
class Calibration:
    """What was found for these weights, or for others of the same recipe."""

    temperature: float
    offsets: tuple[float, ...]  # per genre, added to its logit
    probability: float  # of the unsure rule,
    margin: float  # both parts
    notes: dict[str, str]  # to be kept with the weights


def calibration_on(classifier: Classifier, valid: Dataset, precision: float) -> Calibration:
    """What suits these weights, with notes of what they then do on valid. The rule aims at `precision`."""
    labels = labels_for(classifier.config, valid)
    logits = clip_probabilities(classifier, torch.from_numpy(valid.frames)).clamp_min(1e-12).log()
    temperature = fit_temperature(logits, labels)
    tokens = torch.softmax(logits / temperature, dim=-1)
    rule = choose_unsure(tokens.mean(dim=1), labels, precision)
    figures = clip_figures(tokens, labels, classifier.config)
    notes = {
        "temperature": repr(temperature),
        "valid_accuracy": f"{figures['accuracy']:.4f}",
        "valid_log_loss": f"{figures['log_loss']:.4f}",
        "valid_ece": f"{figures['ece']:.4f}",
        "valid_sure_coverage": f"{rule.coverage:.4f}",
        "valid_sure_precision": f"{rule.precision:.4f}",
        "valid_clips": str(len(labels)),
    }
    return Calibration(temperature, (), rule.probability, rule.margin, notes)


def calibration_out_of_fold(
    answers: Tensor, labels: Tensor, folds: Tensor, config: ModelConfig, precision: float
) -> dict[str, Any]:
    """What is to be folded into weights that were trained on all clips, and figures of the folds.

    answers (N, T, G) to clips that were not trained on, labels (N,), folds (N,). The figures are honest: what is fitted
    for a fold is fitted on the others. What is handed on is fitted on all.
    """
    logits = answers.clamp_min(1e-12).log()
    calibrated = torch.empty_like(answers)
    for fold in folds.unique():
        temperature, offsets = fit_offsets(logits[folds != fold], labels[folds != fold])
        calibrated[folds == fold] = torch.softmax(logits[folds == fold] / temperature + offsets, dim=-1).float()
    temperature, offsets = fit_offsets(logits, labels)
    rule = choose_unsure(calibrated.mean(dim=1), labels, precision)
    figures = clip_figures(calibrated, labels, config)
    plain = clip_figures(answers, labels, config)
    return {
        "temperature": temperature,
        "offsets": offsets.tolist(),
        "unsure": {"probability": rule.probability, "margin": rule.margin},
        "figures": {
            "clips": len(labels),
            "accuracy": figures["accuracy"],
            "standard_error": math.sqrt(figures["accuracy"] * (1 - figures["accuracy"]) / len(labels)),
            "log_loss": figures["log_loss"],
            "ece": figures["ece"],
            "sure_coverage": rule.coverage,
            "sure_precision": rule.precision,
            "per_genre": figures["per_genre"],
            "accuracy_uncalibrated": plain["accuracy"],
            "log_loss_uncalibrated": plain["log_loss"],
        },
    }


def read_calibration(path: Path) -> Calibration:
    """What scripts/cross_validate.py wrote. Raises ValueError when the file says something else, and OSError."""
    try:
        kept = json.loads(path.read_text())
        rule, temperature = kept["unsure"], float(kept["temperature"])
        offsets = tuple(float(offset) for offset in kept["offsets"])
        notes = {
            "temperature": repr(temperature),
            "offsets": to_json([round(offset, 4) for offset in offsets]),
            "cross_validation": to_json(dict(kept["figures"])),
        }
        return Calibration(temperature, offsets, float(rule["probability"]), float(rule["margin"]), notes)
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{path} is no calibration; scripts/cross_validate.py writes one") from None


def calibration_of(weights: Path) -> Calibration:
    """That of other weights: where all clips were trained on, none can choose it. Raises WeightsError."""
    config, temperature = load_for_training(weights).config, read_notes(weights).get("temperature", "1.0")
    notes = {"temperature": temperature, "calibrated_like": weights.name}
    return Calibration(float(temperature), (), config.unsure_probability, config.unsure_margin, notes)


def calibrate_with(classifier: Classifier, calibration: Calibration) -> Classifier:
    """Temperature and offsets folded into the head, which changes, and the same weights with the unsure rule."""
    fold_temperature(classifier, calibration.temperature)
    if calibration.offsets:
        fold_offsets(classifier, torch.tensor(calibration.offsets, dtype=torch.float64))
    config = classifier.config
    changed = Classifier(replace(config, unsure_probability=calibration.probability, unsure_margin=calibration.margin))
    changed.load_state_dict(classifier.state_dict())
    return changed.eval()
