"""A source as chunks of frames: many at once from a file, whatever has arrived from something live."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audio import BANDS, FFT_LENGTH, HOP, SAMPLE_RATE, FrameStream, Source, UnreadableFile

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

    def __init__(self, source: Source, live: bool = False) -> None:
        if not LOWEST_RATE <= source.sample_rate <= HIGHEST_RATE:
            raise UnreadableFile(
                f"its sample rate is given as {source.sample_rate} Hz, which no sound has ({LOWEST_RATE} to "
                f"{HIGHEST_RATE} Hz are read): check how the file was made"
            )
        self._source = source
        self._live = live
        self._stream = FrameStream(source.sample_rate)
        self._samples = 0
        self._dropped = 0
        self._frames = 0

    @property
    def invalid_samples(self) -> int:
        """NaN or infinite samples so far: they were heard as silence."""
        return self._stream.invalid_samples

    @property
    def all_invalid(self) -> bool:
        """Whether there was sound, but not one usable sample in it."""
        return 0 < self._samples == self._stream.invalid_samples

    def __iter__(self) -> Iterator[Chunk]:
        waiting: list[NDArray[np.float32]] = []
        count = 0
        while (block := self._source.read(READ_SECONDS)) is not None:
            self._samples += len(block.samples)
            self._dropped += block.dropped
            frames = self._stream.push(block.samples)
            if self._live:
                yield self._timed(frames)
                continue
            waiting.append(frames)
            count += len(frames)
            while count >= CHUNK_FRAMES:
                together = np.concatenate(waiting)
                waiting = [together[CHUNK_FRAMES:]]
                count -= CHUNK_FRAMES
                yield self._timed(together[:CHUNK_FRAMES])
        rest = np.concatenate([np.zeros((0, BANDS), np.float32), *waiting, self._stream.finish()])
        for first in range(0, len(rest), CHUNK_FRAMES):
            yield self._timed(rest[first : first + CHUNK_FRAMES])

    def _timed(self, frames: NDArray[np.float32]) -> Chunk:
        indices = np.arange(self._frames, self._frames + len(frames))
        self._frames += len(frames)
        return (indices * HOP + FFT_LENGTH) / SAMPLE_RATE + self._dropped / self._source.sample_rate, frames
