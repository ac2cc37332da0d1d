"""Sounds that are no music, synthesized from seeds: to train on, to disturb music with, and to test with.

Nothing is recorded: no licence, no download, the same samples from the same seed. Training and testing draw from
different seeds, and some kinds only test.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio import BANDS, FFT_LENGTH, HOP, SAMPLE_RATE, FrameStream
from scripts.made_sounds import surroundings, voices
from scripts.made_sounds.noise import Samples, coloured, unit_level

Maker = Callable[[np.random.Generator, int], Samples]

MAKERS: dict[str, Maker] = {
    "silence": surroundings.silence,
    "noise floor": lambda random, length: coloured(random, length, random.uniform(0.0, 1.5)),
    "noise": surroundings.plain_noise,
    "hum": surroundings.hum,
    "tones": surroundings.tones,
    "fan": surroundings.fan,
    "typing": surroundings.typing,
    "rain": surroundings.rain,
    "traffic": surroundings.traffic,
    "anything": surroundings.anything,
    "speech": voices.speech,
    "babble": voices.babble,
    "applause": voices.applause,
}
TEST_MAKERS: dict[str, Maker] = {
    "whisper": voices.whisper,
    "wind": surroundings.wind,
    "dripping": surroundings.dripping,
    "birds": surroundings.birds,
    "motor": surroundings.motor,
}
KINDS = tuple(MAKERS)
TEST_ONLY = tuple(TEST_MAKERS)  # never trained on
# What music is heard through.
BACKGROUND = ("noise", "fan", "traffic", "rain", "speech", "babble", "applause", "typing")
FAINT_DBFS = (-90.0, -60.0)
LEVEL_DBFS = (-50.0, -12.0)
PARTS = ("train", "test")


def make_sound(kind: str, seconds: float, seed: int, part: str = "train") -> NDArray[np.float32]:
    """Samples (seconds * SAMPLE_RATE,) between -1 and 1; the same for the same arguments.

    Raises ValueError for a kind that does not exist, or that `part` may not have.
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}; expected one of {', '.join(PARTS)}")
    makers = MAKERS if part == "train" else {**MAKERS, **TEST_MAKERS}
    if kind not in makers:
        raise ValueError(f"there is no sound {kind!r} to {part} with; expected one of {', '.join(makers)}")
    random = np.random.default_rng([zlib.crc32(kind.encode()), PARTS.index(part), seed])
    low, high = FAINT_DBFS if kind == "noise floor" else LEVEL_DBFS
    samples = unit_level(makers[kind](random, round(seconds * SAMPLE_RATE))) * 10 ** (random.uniform(low, high) / 20)
    return np.clip(samples, -1.0, 1.0).astype(np.float32)


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
    cache_folder: Path, kinds: Sequence[str], each: int, frames: int, first_seed: int = 0
) -> NDArray[np.float32]:
    """`made_frames` to train with, kept in a folder: they take a minute to make.

    What is there and damaged, as its checksum says, is made anew; what cannot be kept costs only time.
    """
    path = pool_path(cache_folder, kinds, each, frames, first_seed)
    # numpy, zipfile and zlib have many ways to say that a file is damaged.
    with suppress(Exception), path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        known: NDArray[np.float32] = kept["frames"]
        return known
    made = made_frames(kinds, each, frames, first_seed=first_seed)
    partial = path.with_suffix(f".{os.getpid()}.partial")  # several processes may make it at once
    with suppress(OSError):
        cache_folder.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as whole:
            np.savez(whole, frames=made)
        partial.replace(path)
    with suppress(OSError):
        partial.unlink(missing_ok=True)
    return made


def pool_path(cache_folder: Path, kinds: Sequence[str], each: int, frames: int, first_seed: int = 0) -> Path:
    """Named after all that decides what is in it: what is asked for, the front end, and the code of this package."""
    asked_for = repr((kinds, each, frames, first_seed, SAMPLE_RATE, FFT_LENGTH, HOP, BANDS))
    digest = hashlib.blake2b(asked_for.encode(), digest_size=8)
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return cache_folder / f"sounds-{digest.hexdigest()}.npz"
