"""What is known of one frame, and of the model that answered it: plain values that never change, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from model import ModelConfig

WINDOW_CHOICES = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0)  # seconds that a model can be told to remember


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """One model of the family of continual attention that there are weights of; `key` is what chooses it."""

    key: str
    name: str
    explanation: str = ""


@dataclass(frozen=True)
class StepTimes:
    """What a step of every model takes with a full window of this length: medians, measured here and now."""

    window_seconds: float
    nanoseconds: Mapping[str, float]  # by the choice's key


@dataclass(frozen=True)
class FrameFlops:
    """FLOPs per frame by part, counted in closed form: what both models share, and each encoder alone."""

    shared: Mapping[str, int]  # log-mel and stem
    step: Mapping[str, int]  # the continual encoder
    twin: Mapping[str, int]  # the encoder over the whole window again


@dataclass(frozen=True)
class ModelDescription:
    """A model with a window: its size, and what a frame costs once the window is full."""

    choice: ModelChoice
    window: int  # tokens
    window_seconds: float
    flops: FrameFlops
    step_bytes: int  # of state that the continual model keeps from frame to frame
    twin_bytes: int


@dataclass(frozen=True, slots=True)
class Timing:
    """Nanoseconds that each part of one frame took; `twin` is None when no answer of the twin came with it."""

    log_mel: int
    tokenizer: int
    step: int
    twin: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One frame and its answers. It owns its arrays, and they become read-only."""

    index: int  # frame number since the run began
    seconds: float  # time of the frame's last sample since the run began
    log_mel: NDArray[np.float32]  # (bands,) dB, as the model gets it
    probabilities: NDArray[np.floating]  # (genres,) this token's answer of the continual model
    smoothed: NDArray[np.floating]  # (genres,) mean over the last tokens: the present answer
    twin_probabilities: NDArray[np.floating] | None  # (genres,) an answer of the twin, if one came with this frame
    filled: float  # share of the window that holds tokens, 0..1
    level_dbfs: float  # RMS of the last hop of input; -inf for zeros
    nanoseconds: Timing
    dropped: int  # samples lost since the run began
    lost_seconds: float = 0.0  # the same in seconds
    unsure: bool = False  # whether the present answer is too improbable, or its leading two are too close
    compared: NDArray[np.floating] | None = None  # (genres,) the continual answer for the twin's frame; None: this one
    twin_smoothed: NDArray[np.floating] | None = None  # (genres,) mean of the twin's answers for the same last tokens
    twin_every: int = 1  # k: the twin answers every k-th frame, later where that is not each; 0: it is not loaded yet
    saved_flops: int = 0  # work that the twin does for this frame and the continual encoder avoids
    backend: str = "torch"  # what computes the continual model
    model: ModelDescription | None = None  # which one answered; None where only one can
    run: int = 0  # number of the run in its session; index, seconds and dropped are those of the run
    source: str = ""  # name of what is heard
    jumps: int = 0  # how often the source went on from another place so far: a seek in a file

    def __post_init__(self) -> None:
        for array in (
            self.log_mel,
            self.probabilities,
            self.smoothed,
            self.twin_probabilities,
            self.compared,
            self.twin_smoothed,
        ):
            if array is not None:
                array.setflags(write=False)

    @property
    def difference(self) -> float | None:
        """The largest over the genres between the two models' probabilities for one frame, if the twin answered."""
        if self.twin_probabilities is None:
            return None
        compared = self.probabilities if self.compared is None else self.compared
        return float(np.abs(self.twin_probabilities - compared).max())


def is_unsure(probabilities: NDArray[np.float64], config: ModelConfig) -> bool:
    """(genres,) -> whether the leading genre is too improbable or too close to the next, by the two numbers that were
    chosen with the model.
    """
    second, first = np.sort(probabilities)[-2:]
    return bool(first < config.unsure_probability or first - second < config.unsure_margin)
