"""The mel scale of the filter bank, for whoever draws its bands."""

from __future__ import annotations

import math

from audio.melbank import HZ_PER_MEL, KNEE_HZ, KNEE_MEL, MELS_PER_OCTAVE_OF_E


def hz_to_mel(frequency: float) -> float:
    """Hz -> mel on Slaney's scale, which librosa has too."""
    if frequency < KNEE_HZ:
        return frequency / HZ_PER_MEL
    return KNEE_MEL + float(MELS_PER_OCTAVE_OF_E) * math.log(frequency / KNEE_HZ)
