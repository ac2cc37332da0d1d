"""Many made sounds as log-mel frames, through the front end that the microphone goes through."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audio import FFT_LENGTH, HOP, SAMPLE_RATE, FrameStream
from scripts.made_sounds.catalogue import make_sound


def log_mel_frames(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) samples at SAMPLE_RATE -> (T, BANDS) dB."""
    stream = FrameStream(SAMPLE_RATE)
    return np.concatenate([stream.push(samples), stream.finish()])


def made_frames(
    kinds: Sequence[str], each: int, frames: int, part: str = "train", first_seed: int = 0
) -> NDArray[np.float32]:
    """`each` sounds of every kind, (kinds * each, frames, BANDS) dB; kind by kind, in the order given."""
    seconds = ((frames - 1) * HOP + FFT_LENGTH + 1) / SAMPLE_RATE
    sounds = [
        log_mel_frames(make_sound(kind, seconds, seed, part))[:frames]
        for kind in kinds
        for seed in range(first_seed, first_seed + each)
    ]
    return np.stack(sounds)
