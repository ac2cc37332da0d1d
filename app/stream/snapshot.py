"""What the inference thread tells the rest of the program about one frame: a value that never changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.stream.model_in_use import ModelInUse


@dataclass(frozen=True, slots=True)
class Timing:
    """Nanoseconds that each part of one frame took; `twin` is None when no answer of the twin came with it."""

    log_mel: int
    tokenizer: int
    step: int
    twin: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One frame as it was heard and answered. It owns its arrays, and they become read-only."""

    index: int  # frame number since the session began
    seconds: float  # time of the frame's last sample since the session began
    log_mel: NDArray[np.float32]  # (128,) dB, as the model hears it
    probabilities: NDArray[np.floating]  # (10,) this token's answer of the continual model
    smoothed: NDArray[np.floating]  # (10,) mean over the last tokens: the present answer
    twin_probabilities: NDArray[np.floating] | None  # (10,) an answer of the twin, if one came with this frame
    filled: float  # share of the window that has been heard, 0..1
    level_dbfs: float  # RMS of the last hop of input; -inf for zeros
    nanoseconds: Timing
    dropped: int  # samples lost since the session began
    unsure: bool = False  # whether the present answer is too improbable, or its leading two are too close
    compared: NDArray[np.floating] | None = None  # (10,) the continual answer for the twin's frame; None for this one
    twin_every: int = 1  # k: the twin answers every k-th frame, later where that is not each; 0: it is not loaded yet
    saved_flops: int = 0  # what the twin has to compute for this frame more than the continual encoder
    path: str = "torch"  # what computes the continual model
    model: ModelInUse | None = None  # which one answered; None where only one can

    def __post_init__(self) -> None:
        for array in (self.log_mel, self.probabilities, self.smoothed, self.twin_probabilities, self.compared):
            if array is not None:
                array.setflags(write=False)

    @property
    def difference(self) -> float | None:
        """The largest over the genres between the two models' probabilities for one frame, if the twin answered."""
        if self.twin_probabilities is None:
            return None
        compared = self.probabilities if self.compared is None else self.compared
        return float(np.abs(self.twin_probabilities - compared).max())
