"""What the program says of the model that answers: plain values, known without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WINDOW_CHOICES = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0)  # seconds that a model can be told to remember


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One row of the family of continual attention that there are weights of; `key` is what chooses it."""

    key: str
    name: str
    explanation: str = ""


@dataclass(frozen=True)
class RowSteps:
    """What a step of every row takes with a full window of this length: medians, measured here and now."""

    window_seconds: float
    nanoseconds: Mapping[str, float] = field(default_factory=dict)  # by the row's key


@dataclass(frozen=True)
class FrameFlops:
    """FLOPs per frame by part, counted in closed form: what both models share, and each encoder alone."""

    shared: Mapping[str, int] = field(default_factory=dict)  # log-mel and stem
    step: Mapping[str, int] = field(default_factory=dict)  # the continual encoder
    twin: Mapping[str, int] = field(default_factory=dict)  # the encoder over the whole window again


@dataclass(frozen=True)
class ModelInUse:
    """A row with a window: its size, and what a frame costs once the window is full."""

    row: ModelRow
    window: int  # tokens
    window_seconds: float
    flops: FrameFlops
    step_bytes: int = 0  # of state that the continual model keeps from frame to frame
    twin_bytes: int = 0
