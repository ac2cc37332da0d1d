"""A few seconds of something like music, made here: chords over a beat, never quite the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHORDS_HZ = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (164.8, 207.7, 246.9))


def made_music(seconds: float, sample_rate: int = 22_050, hiss: float = 0.0) -> NDArray[np.float32]:
    """(seconds * sample_rate,) float32 mono, peak below 1.

    hiss: RMS of the noise that every recording has. Without it the pauses are digital silence, into which each codec
    puts noise of its own: another sound to hear.
    """
    random = np.random.default_rng(1)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    beat = time % 0.5
    chord = np.array(CHORDS_HZ)[(time // 2).astype(int) % len(CHORDS_HZ)]  # (samples, 3) Hz
    tones = sum(np.sin(2 * np.pi * chord.T * time * harmonic) / harmonic for harmonic in (1, 2, 3))
    harmony = np.sum(tones, axis=0) * np.exp(-2 * beat)
    kick = np.sin(2 * np.pi * 60 * beat) * np.exp(-18 * beat)
    hat = random.normal(size=len(time)) * np.exp(-40 * ((time + 0.25) % 0.5))
    mixed: NDArray[np.float64] = 0.05 * harmony + 0.4 * kick + 0.1 * hat
    if hiss:
        mixed += hiss * random.normal(size=len(time))
    return mixed.astype(np.float32)
