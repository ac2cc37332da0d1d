"""Music heard through noise: made sounds are added to log-mel frames in the power domain, at a signal-to-noise ratio.

The ratio is that of the mean power over all bands and frames of a clip.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model import Classifier
from scripts.dataset import Dataset
from scripts.made_sounds import made_frames
from scripts.measures.clips import evaluate

RATIOS_DB = (20, 10, 5)
KINDS = {"stationary": ("noise", "fan"), "babble": ("babble",)}
SOUNDS_EACH = 12  # different ones; the clips take turns


def accuracy_through_noise(classifier: Classifier, dataset: Dataset) -> dict[str, dict[str, float]]:
    """kind -> ratio in dB -> accuracy. Raises DatasetError."""
    figures = {}
    for name, kinds in KINDS.items():
        sounds = made_frames(kinds, SOUNDS_EACH // len(kinds), dataset.frames.shape[1], part="test")
        figures[name] = {
            str(ratio): evaluate(classifier, replace(dataset, frames=mix(dataset.frames, sounds, ratio)))["accuracy"]
            for ratio in RATIOS_DB
        }
    return figures


def mix(music: NDArray[np.float32], sounds: NDArray[np.float32], ratio_db: float) -> NDArray[np.float32]:
    """music (N, T, bands) dB, sounds (K, T, bands) dB: sound i % K is added to clip i, `ratio_db` below it."""
    mixed = np.empty_like(music)
    for index, clip in enumerate(music):
        power, noise = 10 ** (clip / 10.0), 10 ** (sounds[index % len(sounds)] / 10.0)
        noise *= power.mean() / noise.mean() * 10 ** (-ratio_db / 10.0)
        mixed[index] = 10.0 * np.log10(power + noise)
    return mixed
