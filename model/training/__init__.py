"""Training a classifier: augmentation, the loop, calibration. Tensors in, weights out; it reads no data."""

from model.training.augment import Augmenter
from model.training.calibration import (
    UnsureRule,
    choose_unsure,
    expected_calibration_error,
    fit_temperature,
    fold_temperature,
    judge_unsure,
)
from model.training.figures import clip_figures
from model.training.loop import Examples, Progress, TrainingPlan, clip_probabilities, train

__all__ = [
    "Augmenter",
    "Examples",
    "Progress",
    "TrainingPlan",
    "UnsureRule",
    "choose_unsure",
    "clip_figures",
    "clip_probabilities",
    "expected_calibration_error",
    "fit_temperature",
    "fold_temperature",
    "judge_unsure",
    "train",
]
