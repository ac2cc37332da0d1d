"""The front end: what a log-mel frame is, in numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 22_050  # Hz, mono
FFT_LENGTH = 2048  # samples under one frame's window, 93 ms
HOP = 1708  # samples from one frame to the next: the mean frame spacing of the training data
BANK_BANDS = 128  # Slaney mel bands from 0 Hz to SAMPLE_RATE / 2, as librosa has them by default
BANDS = 120  # of them the lowest, to 8.7 kHz: above that old records roll off and live sources do not
FLOOR_POWER = 1e-10  # the quietest band power told apart: -100 dB
# Full scale is 1. Files whose integers were written as floats without being scaled reach this, with 32 bits, and are
# heard as they are meant; what is louder is no sound: a damaged file, or memory that nobody has filled.
LOUDEST = 2.0**31
FRAME_SECONDS = HOP / SAMPLE_RATE  # 77.5 ms, the time budget of one frame

assert HOP < FFT_LENGTH, "frames overlap: the streaming buffer keeps the last FFT_LENGTH - HOP samples"

Samples = NDArray[np.float32]


def silence_invalid(samples: Samples) -> Samples:
    """(n,) samples, with zeros for those that are NaN, infinite or louder than LOUDEST."""
    return np.where(np.abs(samples) <= LOUDEST, samples, np.float32(0))
