"""From a dataset to what the loop trains on: tensors, and pools of made sounds."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import librosa
import torch
from torch import Tensor

from audio import SAMPLE_RATE
from model import Classifier
from model.training import Augmenter, TrainingData, TrainingPlan, one_hot
from scripts.dataset import Dataset, DatasetError
from scripts.made_sounds import BACKGROUND, KINDS, kept_frames

BACKGROUNDS_EACH = 6
OUTLIERS_EACH = 24
OUTLIER_SEED = 1000  # other sounds than those that music is heard through


def material(dataset: Dataset, plan: TrainingPlan, cache_folder: Path, sounds: bool = True) -> TrainingData:
    """Raises DatasetError where the clips cannot be told apart, and OSError where the sounds cannot be kept."""
    if len(set(dataset.labels.tolist())) < 2:
        raise DatasetError(f"all {len(dataset.names)} clips to train on are {dataset.genres[dataset.labels[0]]}")
    backgrounds = outliers = None
    if sounds:
        frames = pool_frames(plan)
        backgrounds = torch.from_numpy(kept_frames(cache_folder, BACKGROUND, BACKGROUNDS_EACH, frames))
        if plan.outlier_share:
            pool = kept_frames(cache_folder, KINDS, OUTLIERS_EACH, frames, first_seed=OUTLIER_SEED)
            outliers = torch.from_numpy(pool)
    bands = dataset.frames.shape[2]
    return TrainingData(
        clips=torch.from_numpy(dataset.frames),
        targets=one_hot(torch.from_numpy(dataset.labels), len(dataset.genres)),
        band_hz=torch.from_numpy(librosa.mel_frequencies(bands + 2, fmin=0.0, fmax=SAMPLE_RATE / 2)[1:-1]).float(),
        backgrounds=backgrounds,
        outliers=outliers,
    )


def pool_frames(plan: TrainingPlan) -> int:
    """How long a made sound must be, and some to begin at different places."""
    return math.ceil(plan.crop * (1.0 + Augmenter.tempo)) + 64


def fingerprint(data: TrainingData, teachers: Sequence[Classifier] = ()) -> str:
    """Of all numbers that are learned from: a run that goes on must go on with the same."""
    digest = hashlib.blake2b(digest_size=16)
    numbers = [getattr(data, field.name) for field in fields(data)]
    for teacher in teachers:
        numbers += teacher.state_dict().values()
    for value in numbers:
        if isinstance(value, Tensor):
            digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
