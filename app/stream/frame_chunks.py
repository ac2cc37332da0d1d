"""A source as chunks of frames: many at once from a file, whatever has arrived from something live."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.stream.source_frames import SourceFrames
from audio import FrontEnd, Source, UnreadableFile

# At once through the model: its default window and one frame, which with the 386 frames that it looks back on make
# whole blocks of a window. Three times as many would be 8 % faster and take 80 MB more.
CHUNK_FRAMES = 388
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000  # Hz; below, a block would become gigabytes when resampled
READ_SECONDS = 0.2  # how long a live source may keep us from noticing that it has something to say

Chunk = tuple[NDArray[np.float64], NDArray[np.float32]]  # ends (T,) s, frames (T, BANDS) dB


class FrameChunks:
    """Iterates once. Live: yields after every read, with T = 0 too. Otherwise T is CHUNK_FRAMES but for the last.

    Raises UnreadableFile for a sample rate that no sound has.
    """

    def __init__(self, source: Source, live: bool = False, front_end: FrontEnd | None = None) -> None:
        if not LOWEST_RATE <= source.sample_rate <= HIGHEST_RATE:
            raise UnreadableFile(
                f"its sample rate is given as {source.sample_rate} Hz, which no sound has ({LOWEST_RATE} to "
                f"{HIGHEST_RATE} Hz are read): check how the file was made"
            )
        self._live = live
        self._frames = SourceFrames(source, front_end=front_end)

    @property
    def invalid_samples(self) -> int:
        """NaN or infinite samples so far: they were heard as silence."""
        return self._frames.invalid_samples

    @property
    def all_invalid(self) -> bool:
        """Whether there was sound, but not one usable sample in it."""
        return self._frames.all_invalid

    def __iter__(self) -> Iterator[Chunk]:
        return self._pieces() if self._live else self._gathered()

    def _pieces(self) -> Iterator[Chunk]:
        while not self._frames.ended:
            frames = self._frames.read(READ_SECONDS)
            yield frames.ends, frames.log_mels

    def _gathered(self) -> Iterator[Chunk]:
        waiting: list[Chunk] = []
        count = 0
        for ends, log_mels in self._pieces():
            waiting.append((ends, log_mels))
            count += len(ends)
            if count >= CHUNK_FRAMES or self._frames.ended:
                ends, log_mels = (np.concatenate(parts) for parts in zip(*waiting, strict=True))
                whole = count if self._frames.ended else count - count % CHUNK_FRAMES
                for first in range(0, whole, CHUNK_FRAMES):
                    last = min(first + CHUNK_FRAMES, whole)
                    yield ends[first:last], log_mels[first:last]
                waiting, count = [(ends[whole:], log_mels[whole:])], count - whole
