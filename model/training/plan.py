"""What a training run is: its data, its numbers, and what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


class TrainingError(Exception):
    """The run cannot begin or go on; the text is one sentence that says why and what to do."""


@dataclass(frozen=True)
class TrainingPlan:
    """What a run does, besides its data."""

    epochs: int = 500
    seed: int = 0
    batch: int = 16  # clips
    crop: int = 96  # frames; at most the length of a clip. Short crops and more steps learn more in the same time
    learning_rate: float = 2e-3
    weight_decay: float = 0.3
    label_smoothing: float = 0.1
    average_decay: float = 0.99  # of the exponential average of the weights, per step
    gradient_clip: float = 1.0
    outlier_share: float = 0.2  # of a batch, on top of it: sounds that are no music, called all genres alike
    teacher_share: float = 0.7  # of the target, where there are teachers
    landmarks: str = "kmeans"  # how fixed landmarks start: of the tokens after the first epoch; or "random"
    token_stride: int = 1  # every so many tokens one goes into the encoder
    answers: int = 4  # tokens per crop that are asked where every one has a window of its own (retroactive stacking)


@dataclass(frozen=True)
class TrainingData:
    """Tensors on the CPU, in dB. N clips, T frames, G genres."""

    clips: Tensor  # (N, T, bands)
    targets: Tensor  # (N, G) probabilities of the genres, one-hot or softer
    band_hz: Tensor  # (bands,) centre frequencies
    backgrounds: Tensor | None = None  # (K, at least the crop's frames, bands): heard together with music
    outliers: Tensor | None = None  # (K, at least the crop's frames, bands): no music
