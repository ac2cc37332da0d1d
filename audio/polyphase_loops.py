"""Resampling by a table of kernels as a loop that numba compiles and vectorises: audio/polyphase.py has it in numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def interpolate(samples: Samples, kernels: Samples, at: int, down: int, outputs: Samples) -> None:
    """Output k = the taps from sample (at + k down) // up on, times kernel (at + k down) % up of kernels (up, taps)."""
    up, taps = kernels.shape
    first, phase = at // up, at % up
    samples_on, phases_on = down // up, down % up
    for k in range(len(outputs)):
        near, kernel = samples[first : first + taps], kernels[phase]
        total = np.float32(0.0)
        for j in range(taps):
            total += near[j] * kernel[j]
        outputs[k] = total
        first, phase = first + samples_on, phase + phases_on
        if phase >= up:
            first, phase = first + 1, phase - up
