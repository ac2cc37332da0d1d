"""Many made sounds as log-mel frames, through the front end that the microphone goes through."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio import BANDS, FFT_LENGTH, HOP, SAMPLE_RATE, FrameStream
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


def kept_frames(
    cache_folder: Path, kinds: Sequence[str], each: int, frames: int, part: str = "train", first_seed: int = 0
) -> NDArray[np.float32]:
    """`made_frames`, kept in a folder: a pool to train with takes a minute to make. Raises OSError."""
    path = pool_path(cache_folder, kinds, each, frames, part, first_seed)
    if path.exists():
        with suppress(ValueError, EOFError):
            kept: NDArray[np.float32] = np.load(path, allow_pickle=False)
            return kept
    made = made_frames(kinds, each, frames, part, first_seed)
    cache_folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.save(file, made)
    partial.replace(path)
    return made


def pool_path(
    cache_folder: Path, kinds: Sequence[str], each: int, frames: int, part: str = "train", first_seed: int = 0
) -> Path:
    """Named after all that decides what is in it: what is asked for, the front end, and the code of this package."""
    asked_for = repr((kinds, each, frames, part, first_seed, SAMPLE_RATE, FFT_LENGTH, HOP, BANDS))
    digest = hashlib.blake2b(asked_for.encode(), digest_size=8)
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return cache_folder / f"sounds-{digest.hexdigest()}.npy"
