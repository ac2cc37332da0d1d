"""Training a classifier: augmentation and the loop. Tensors in, weights out; reading data is not its business."""

from model.training.augment import Augmenter
from model.training.loop import Progress, TrainingPlan, clip_probabilities, train

__all__ = ["Augmenter", "Progress", "TrainingPlan", "clip_probabilities", "train"]
