"""Raw PCM: samples with nothing around them, whose rate, channels and format somebody has to say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.errors import UnreadableFile

HIGHEST_RATE, LOWEST_RATE = 384_000, 8_000  # Hz
MOST_CHANNELS = 32

# Name as FFmpeg and ALSA have it -> how numpy reads it, and the value of full scale.
SAMPLE_TYPES: dict[str, tuple[str, float]] = {
    "u8": ("u1", 2.0**7),
    "s16le": ("<i2", 2.0**15),
    "s16be": (">i2", 2.0**15),
    "s32le": ("<i4", 2.0**31),
    "s32be": (">i4", 2.0**31),
    "f32le": ("<f4", 1.0),
    "f32be": (">f4", 1.0),
    "f64le": ("<f8", 1.0),
    "f64be": (">f8", 1.0),
}


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """What a stream of raw samples means. Raises UnreadableFile for one that cannot be heard."""

    sample_rate: int = 48_000  # Hz
    channels: int = 2
    sample_type: str = "s16le"  # one of SAMPLE_TYPES

    def __post_init__(self) -> None:
        if not LOWEST_RATE <= self.sample_rate <= HIGHEST_RATE:
            raise UnreadableFile(
                f"a rate of {self.sample_rate} Hz cannot be heard: give one from {LOWEST_RATE} to {HIGHEST_RATE}"
            )
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise UnreadableFile(f"{self.channels} channels cannot be heard: give 1 to {MOST_CHANNELS}")
        if self.sample_type not in SAMPLE_TYPES:
            raise UnreadableFile(f"there is no sample format “{self.sample_type}”: give {', '.join(SAMPLE_TYPES)}")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of each channel."""
        return self.channels * np.dtype(SAMPLE_TYPES[self.sample_type][0]).itemsize

    def decode(self, content: bytes) -> NDArray[np.float32]:
        """Whole sample frames -> (n, channels) float32, within -1..1 but for floating point formats."""
        kind, full_scale = SAMPLE_TYPES[self.sample_type]
        values = np.frombuffer(content, kind).reshape(-1, self.channels)
        if self.sample_type == "u8":
            values = values.astype(np.int16) - 128
        return np.asarray(values / full_scale if full_scale != 1.0 else values, np.float32)
