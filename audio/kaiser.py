"""Kaiser's window, and his formulas for the filters that are made with it (Kaiser, 1974)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def kaiser_length(attenuation: float, transition: float, rate: float) -> float:
    """How many taps at `rate` Hz take a filter `attenuation` dB down within `transition` Hz."""
    return (attenuation - 7.95) / (2.285 * 2 * math.pi * transition / rate)


def kaiser_window(places: Doubles, attenuation: float) -> Doubles:
    """At places from -1 to 1; nothing beyond. For a stop band `attenuation` dB down, 50 or more."""
    beta = 0.1102 * (attenuation - 8.7)
    window: Doubles = np.i0(beta * np.sqrt(np.maximum(0.0, 1 - places**2)))
    return window
