"""The kinds of made sounds by name. Training and testing draw from different seeds, and some kinds only test."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audio import SAMPLE_RATE
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
BACKGROUND = (
    "noise",
    "fan",
    "traffic",
    "rain",
    "speech",
    "babble",
    "applause",
    "typing",
)  # what music is heard through
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
