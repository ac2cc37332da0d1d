"""The rows of the family that are trained: each is a Continual model and, with the same weights, its window twin."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audio import FRAME_SECONDS
from model import ModelConfig


@dataclass(frozen=True)
class Row:
    """One kind of attention."""

    continual: str  # its name as a step
    window: str  # its name when every frame recomputes the window: the twin, with the same weights and answers
    attention: str
    landmarks: str = "fixed"


ROWS = {
    "softmax": Row("Continual Transformer", "Transformer", "softmax"),
    "nystrom-continual": Row("Continual Nystrom, continual landmarks", "Nystromformer", "nystrom", "continual"),
    "nystrom-fixed": Row("Continual Nystrom, fixed landmarks", "Nystrom window, fixed landmarks", "nystrom", "fixed"),
}


def configure(
    row: str,
    blocks: int = 1,
    stacking: str = "deep",
    window_seconds: float | None = None,
    level_seconds: float | None = None,
    base: ModelConfig | None = None,
) -> ModelConfig:
    """The configuration that ships (or `base`), changed to a row of the family. Raises ValueError."""
    chosen = ROWS[row]
    config = replace(
        base or ModelConfig(), attention=chosen.attention, landmarks=chosen.landmarks, blocks=blocks, stacking=stacking
    )
    if window_seconds is not None:
        config = replace(config, window=frames_in(window_seconds))
    if level_seconds is not None:
        config = replace(config, level_window=frames_in(level_seconds))
    return config


def frames_in(seconds: float) -> int:
    """The whole number of frames nearest to so many seconds."""
    return round(seconds / FRAME_SECONDS)
