"""Training a classifier: augmentation, the loop, checkpoints, calibration, figures. Tensors in; it reads no data."""

from model.training.augmentation import Augmenter
from model.training.calibration import (
    UnsureRule,
    choose_unsure,
    expected_calibration_error,
    fit_offsets,
    fit_temperature,
    fold_offsets,
    fold_temperature,
    judge_unsure,
)
from model.training.checkpoint import load_checkpoint, save_checkpoint
from model.training.evaluation import clip_figures, clip_probabilities
from model.training.trainer import Epoch, Trainer, TrainingData, TrainingError, TrainingPlan, one_hot, with_genres

__all__ = [
    "Augmenter",
    "Epoch",
    "Trainer",
    "TrainingData",
    "TrainingError",
    "TrainingPlan",
    "UnsureRule",
    "choose_unsure",
    "clip_figures",
    "clip_probabilities",
    "expected_calibration_error",
    "fit_offsets",
    "fit_temperature",
    "fold_offsets",
    "fold_temperature",
    "judge_unsure",
    "load_checkpoint",
    "one_hot",
    "save_checkpoint",
    "with_genres",
]
