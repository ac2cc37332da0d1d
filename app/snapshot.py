"""What the inference thread tells the rest of the program about one frame: a value that never changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Timing:
    """Nanoseconds that each part of one frame took; `twin` is None when the twin did not run for it."""

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
    twin_probabilities: NDArray[np.floating] | None  # (10,) the twin's answer for this frame, if it ran
    filled: float  # share of the window that has been heard, 0..1
    level_dbfs: float  # RMS of the last hop of input; -inf for zeros
    nanoseconds: Timing
    dropped: int  # samples lost since the session began

    def __post_init__(self) -> None:
        for array in (self.log_mel, self.probabilities, self.smoothed, self.twin_probabilities):
            if array is not None:
                array.setflags(write=False)
