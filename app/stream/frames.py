"""From a source to log-mel frames, the one place where they are counted and timed; and a ring that keeps the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audio import FFT_LENGTH, HOP, SAMPLE_RATE, Block, FrameStream, LevelMeter, Source, UnreadableFile
from audio.source import HIGHEST_RATE, LOWEST_RATE

# At once through the model, offline: its default window and one frame, which with the 386 frames that it looks back on
# make whole blocks of a window. Three times as many would be 8 % faster and take 80 MB more.
CHUNK_FRAMES = 388
RING_FRAMES = 4700  # 6 minutes: the longest window of 5, with what its first token depends on or a margin before it
SILENCE_DB = -100.0  # what has not come yet: no frame lies lower
READ_SECONDS = 0.2  # how long a live source may keep us from noticing that it has something to say


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """T consecutive frames of one source; T may be 0."""

    first: int  # index of the first one since the source opened
    ends: NDArray[np.float64]  # (T,) s, times of their last samples since the source opened, lost samples counted
    log_mels: NDArray[np.float32]  # (T, bands) dB
    level_dbfs: float  # RMS of the input at their end; -inf for zeros, and where no meter listens
    dropped: int  # samples lost since the source opened
    nanoseconds: int  # spent on them: resampling and log-mel

    def __len__(self) -> int:
        return len(self.log_mels)

    def part(self, begin: int, end: int) -> Frames:
        """Some of them, with the same level and their share of the time."""
        spent = self.nanoseconds * (end - begin) // max(1, len(self))
        part = slice(begin, end)
        return Frames(self.first + begin, self.ends[part], self.log_mels[part], self.level_dbfs, self.dropped, spent)

    def singly(self) -> Iterator[Frames]:
        """One at a time."""
        return (self.part(at, at + 1) for at in range(len(self)))


class FrameReader:
    """Reads a source to its end.

    on_block is told of every block and its sample rate before it becomes frames, in the reading thread. Raises
    UnreadableFile for a sample rate that no sound has.
    """

    def __init__(
        self,
        source: Source,
        on_block: Callable[[Block, int], None] | None = None,
        meter: LevelMeter | None = None,
    ) -> None:
        if not LOWEST_RATE <= source.sample_rate <= HIGHEST_RATE:
            raise UnreadableFile(
                f"its sample rate is given as {source.sample_rate} Hz, which no sound has ({LOWEST_RATE} to "
                f"{HIGHEST_RATE} Hz are read): check how the file was made"
            )
        self._source = source
        self._on_block = on_block
        self._meter = meter
        self._stream = FrameStream(source.sample_rate)
        self._samples = self._dropped = self._frames = 0
        self._nanoseconds = 0  # since the last frame
        self.ended = False

    @property
    def invalid_samples(self) -> int:
        """Samples so far that are no sound, see FrameStream: they count as silence."""
        return self._stream.invalid_samples

    @property
    def all_invalid(self) -> bool:
        """Whether there was sound, but not one usable sample in it."""
        return 0 < self._samples == self._stream.invalid_samples

    def read(self, timeout: float = READ_SECONDS) -> Frames:
        """The frames that the next block completes; none when `timeout` seconds bring too little. The last ones come
        when the source has ended. Raises AudioError.
        """
        block = self._source.read(timeout)
        if block is None:
            self.ended = True
        else:
            self._samples += len(block.samples)
            self._dropped += block.dropped
            if self._on_block is not None:
                self._on_block(block, self._source.sample_rate)
            if self._meter is not None:
                self._meter.push(block.samples)
        began = time.perf_counter_ns()  # what others do with the samples is no part of a frame
        log_mels = self._stream.finish() if block is None else self._stream.push(block.samples)
        self._nanoseconds += time.perf_counter_ns() - began
        first, nanoseconds = self._frames, self._nanoseconds
        if len(log_mels):
            self._frames += len(log_mels)
            self._nanoseconds = 0
        ends = (np.arange(first, self._frames) * HOP + FFT_LENGTH) / SAMPLE_RATE
        ends += self._dropped / self._source.sample_rate
        level = -np.inf if self._meter is None else self._meter.level.rms_dbfs
        return Frames(first, ends, log_mels, level, self._dropped, nanoseconds)

    def live(self) -> Iterator[Frames]:
        """What every read brings, which may be nothing, to the end."""
        while not self.ended:
            yield self.read()

    def chunks(self) -> Iterator[Frames]:
        """CHUNK_FRAMES at a time to the end; the last chunk has what is left."""
        waiting: list[Frames] = []
        count = 0
        for frames in self.live():
            waiting.append(frames)
            count += len(frames)
            if count >= CHUNK_FRAMES or self.ended:
                joined = _join(waiting)
                whole = count if self.ended else count - count % CHUNK_FRAMES
                for begin in range(0, whole, CHUNK_FRAMES):
                    yield joined.part(begin, min(begin + CHUNK_FRAMES, whole))
                waiting, count = [joined.part(whole, count)], count - whole


def _join(parts: list[Frames]) -> Frames:
    return replace(
        parts[-1],
        first=parts[0].first,
        ends=np.concatenate([part.ends for part in parts]),
        log_mels=np.concatenate([part.log_mels for part in parts]),
        nanoseconds=sum(part.nanoseconds for part in parts),
    )


class FrameRing:
    """Frames side by side, in place: nothing is allocated or moved as new ones come. They are numbered from 0; those
    from `first` up to `end` are there.

    Each frame is written twice, `capacity` apart, so that the last `capacity` frames are always one slice:

        write here            and here
        v                     v
        [ 8 9 | 3 4 5 6 7 ] [ 8 9 | 3 4 5 6 7 ]
              `--- oldest to newest ---'
    """

    def __init__(self, capacity: int, bands: int) -> None:
        self.capacity = capacity
        self._decibels = np.empty((2 * capacity, bands), dtype=np.float32)
        self.clear()

    def clear(self) -> None:
        """Forget all frames."""
        self.end = 0
        self._decibels.fill(SILENCE_DB)

    @property
    def first(self) -> int:
        """Number of the oldest frame that is still there."""
        return max(0, self.end - self.capacity)

    def push(self, frames: NDArray[np.float32]) -> None:
        """Append (k, bands) frames in dB, oldest first."""
        kept = frames[-self.capacity :]
        self.end += len(frames)
        for number, frame in enumerate(kept, self.end - len(kept)):
            self._decibels[number % self.capacity :: self.capacity] = frame

    def until(self, end: int, count: int) -> NDArray[np.float32]:
        """(count, bands) the last frames before number `end`: a view where all are there, else a copy with silence."""
        start = (end - count) % self.capacity
        frames = self._decibels[start : start + count]
        overwritten = min(max(self.end - self.capacity - (end - count), 0), count)
        if overwritten:
            frames = frames.copy()
            frames[:overwritten] = SILENCE_DB
        return frames
