"""When an answer is called unsure: by two numbers that were chosen with the model and stand in its configuration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model import ModelConfig


def is_unsure(probabilities: NDArray[np.float64], config: ModelConfig) -> bool:
    """(genres,) -> whether the leading genre is too improbable or too close to the next."""
    second, first = np.sort(probabilities)[-2:]
    return bool(first < config.unsure_probability or first - second < config.unsure_margin)
