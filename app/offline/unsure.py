"""When an answer is called unsure: one fixed rule, not calibrated on any data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_PROBABILITY = 0.5  # of the leading genre
LEAST_MARGIN = 0.1  # between the leading genre and the next


def is_unsure(probabilities: NDArray[np.float64]) -> bool:
    """(genres,) -> whether the leading genre is too improbable or too close to the next."""
    second, first = np.sort(probabilities)[-2:]
    return bool(first < LEAST_PROBABILITY or first - second < LEAST_MARGIN)
