"""A classifier's figures on clips whose genre is known, also heard through noise, and what it says without music."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audio import FFT_LENGTH, FRAME_SECONDS, HOP, SAMPLE_RATE
from model import Classifier, ModelConfig
from model.training import clip_figures, clip_probabilities
from scripts.dataset import Dataset, DatasetError
from scripts.made_sounds import KINDS, TEST_ONLY, made_frames

SECONDS_HEARD = (1, 3, 5, 10, 30)
RATIOS_DB = (20, 10, 5)
NOISES = {"stationary": ("noise", "fan"), "babble": ("babble",)}
NOISES_EACH = 12  # different ones; the clips take turns
SOUNDS_EACH = 4  # of every kind without music
SOUND_SECONDS = 40.0  # the first window is all that was ever heard, the last ones have a past
WINDOW_SECONDS = 10.0
CONFIDENT = 0.6


def frames_after(seconds: float) -> int:
    """How many frames are complete after so many seconds, at least one."""
    return max(1, 1 + int(seconds * SAMPLE_RATE - FFT_LENGTH) // HOP)


def frames_in(seconds: float) -> int:
    """Seconds in frames, rounded."""
    return round(seconds / FRAME_SECONDS)


def labels_for(config: ModelConfig, dataset: Dataset) -> Tensor:
    """(N,) the dataset's genres as the classifier numbers them. Raises DatasetError for those that it does not know."""
    if unknown := sorted({dataset.genres[label] for label in dataset.labels} - set(config.genres)):
        raise DatasetError(f"the classifier does not know the genres {', '.join(unknown)}")
    return torch.tensor([config.genres.index(dataset.genres[label]) for label in dataset.labels])


def evaluate(classifier: Classifier, dataset: Dataset) -> dict[str, Any]:
    """The figures of `scripts/evaluate.py`. Raises DatasetError."""
    labels = labels_for(classifier.config, dataset)
    tokens = clip_probabilities(classifier, torch.from_numpy(dataset.frames))
    heard = {seconds: frames_after(seconds) for seconds in SECONDS_HEARD}
    return clip_figures(tokens, labels, classifier.config, heard)


def accuracy_through_noise(classifier: Classifier, dataset: Dataset) -> dict[str, dict[str, float]]:
    """kind -> ratio in dB -> accuracy. Raises DatasetError."""
    figures = {}
    for name, kinds in NOISES.items():
        sounds = made_frames(kinds, NOISES_EACH // len(kinds), dataset.frames.shape[1], part="test")
        figures[name] = {
            str(ratio): evaluate(classifier, replace(dataset, frames=mix(dataset.frames, sounds, ratio)))["accuracy"]
            for ratio in RATIOS_DB
        }
    return figures


def mix(music: NDArray[np.float32], sounds: NDArray[np.float32], ratio_db: float) -> NDArray[np.float32]:
    """Add sounds to music in the power domain, at a ratio of the mean powers over all bands and frames of a clip.

    music (N, T, bands) dB, sounds (K, T, bands) dB: sound i % K is added to clip i, `ratio_db` below it.
    """
    mixed = np.empty_like(music)
    for index, clip in enumerate(music):
        power, noise = 10 ** (clip / 10.0), 10 ** (sounds[index % len(sounds)] / 10.0)
        noise *= power.mean() / noise.mean() * 10 ** (-ratio_db / 10.0)
        mixed[index] = 10.0 * np.log10(power + noise)
    return mixed


def confident_windows(classifier: Classifier, sounds_each: int = SOUNDS_EACH) -> dict[str, Any]:
    """How often the classifier is confident of a genre without music, every kind of sound counted alike.

    `share` of 10 s windows whose answer, the mean over them, is above 0.6; `by_kind`; `unsure`, the share of windows
    that the unsure rule catches; `windows`.
    """
    window, frames = frames_after(WINDOW_SECONDS), frames_after(SOUND_SECONDS)
    by_kind, doubted = {}, []
    config = classifier.config
    for kind in KINDS + TEST_ONLY:
        each = 1 if kind == "silence" else sounds_each
        sounds = torch.from_numpy(made_frames([kind], each, frames, part="test"))
        tokens = clip_probabilities(classifier, sounds)[:, : frames // window * window]
        answers = tokens.unflatten(1, (-1, window)).mean(dim=2).flatten(0, 1).double()  # (windows, G)
        leading = answers.topk(2, dim=1).values
        by_kind[kind] = (leading[:, 0] > CONFIDENT).double().mean().item()
        unsure = (leading[:, 0] < config.unsure_probability) | (leading[:, 0] - leading[:, 1] < config.unsure_margin)
        doubted.append(unsure.double().mean().item())
    windows = (1 + sounds_each * (len(by_kind) - 1)) * (frames // window)
    return {
        "share": float(np.mean([*by_kind.values()])),
        "unsure": float(np.mean(doubted)),
        "by_kind": by_kind,
        "windows": windows,
    }
