"""A classifier and a dataset -> token probabilities and figures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from audio import FFT_LENGTH, HOP, SAMPLE_RATE
from model import Classifier, ModelConfig
from model.training import clip_figures, clip_probabilities
from scripts.dataset import Dataset, DatasetError

SECONDS_HEARD = (1, 3, 5, 10, 30)


def frames_after(seconds: float) -> int:
    """How many frames are over after so many seconds, at least one."""
    return max(1, 1 + int(seconds * SAMPLE_RATE - FFT_LENGTH) // HOP)


def labels_for(config: ModelConfig, dataset: Dataset) -> Tensor:
    """(N,) the dataset's genres as the classifier numbers them. Raises DatasetError for genres that it has not."""
    if unknown := sorted({dataset.genres[label] for label in dataset.labels} - set(config.genres)):
        raise DatasetError(f"the classifier does not know the genres {', '.join(unknown)}")
    return torch.tensor([config.genres.index(dataset.genres[label]) for label in dataset.labels])


def evaluate(classifier: Classifier, dataset: Dataset) -> dict[str, Any]:
    """The figures of `scripts/evaluate.py`. Raises DatasetError."""
    labels = labels_for(classifier.config, dataset)
    tokens = clip_probabilities(classifier, torch.from_numpy(dataset.frames))
    heard = {seconds: frames_after(seconds) for seconds in SECONDS_HEARD}
    return clip_figures(tokens, labels, classifier.config, heard)
