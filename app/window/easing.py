"""How a drawn length glides to the measured one; what is written as a number never glides."""

from __future__ import annotations

import math

EASING_SECONDS = 0.07  # about one frame of the model
CLOSE_ENOUGH = 5e-4


def ease(shown: float, target: float, seconds: float) -> float:
    """The length to draw `seconds` after `shown` was drawn; arrives exactly."""
    if abs(target - shown) < CLOSE_ENOUGH:
        return target
    return target + (shown - target) * math.exp(-seconds / EASING_SECONDS)
