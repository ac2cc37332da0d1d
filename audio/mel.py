"""Slaney's mel scale, of the filter bank and of whoever draws its bands."""

from __future__ import annotations

import math

# Auditory Toolbox (1998): a mel is 200 / 3 Hz up to 1 kHz, and from there on a 27th of the way to 6.4 kHz.
HZ_PER_MEL = 200 / 3
KNEE_HZ, KNEE_MEL = 1000.0, 15.0
MELS_PER_OCTAVE_OF_E = 27 / math.log(6.4)


def hz_to_mel(frequency: float) -> float:
    """Hz -> mel, as librosa has it."""
    if frequency < KNEE_HZ:
        return frequency / HZ_PER_MEL
    return KNEE_MEL + MELS_PER_OCTAVE_OF_E * math.log(frequency / KNEE_HZ)
