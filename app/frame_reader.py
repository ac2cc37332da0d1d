"""A source read frame by frame: the one way from sound to frames, for the window and for the command line."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio import FFT_LENGTH, HOP, SAMPLE_RATE, Block, FrameStream, Level, LevelMeter, Source


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """One log-mel frame and how it came about."""

    index: int  # since the source opened
    seconds: float  # time of its last sample since the source opened, lost samples counted
    log_mel: NDArray[np.float32]  # (bands,) dB
    level_dbfs: float  # RMS of the input since the frame before; -inf for zeros
    nanoseconds: int  # spent on it: resampling and log-mel
    dropped: int  # samples lost since the source opened


class FrameReader:
    """Reads a source to its end. Several frames that come out of one block share its level and its time.

    on_block: told of every block and its sample rate before it is heard, in the reading thread.
    """

    def __init__(self, source: Source, on_block: Callable[[Block, int], None] | None = None) -> None:
        self._source = source
        self._on_block = on_block
        self._stream = FrameStream(source.sample_rate)
        self._meter = LevelMeter(source.sample_rate)
        self._frames = 0
        self._dropped = 0
        self._heard_samples = 0
        self._ended = False
        self._squares, self._samples, self._nanoseconds = 0.0, 0, 0
        self._level = -math.inf

    @property
    def level(self) -> Level:
        """What a meter shows at this moment; may be asked by any thread."""
        return self._meter.level

    @property
    def invalid_samples(self) -> int:
        """NaN or infinite samples so far: they were heard as silence."""
        return self._stream.invalid_samples

    @property
    def all_invalid(self) -> bool:
        """Whether there was sound, but not one usable sample in it."""
        return 0 < self._heard_samples == self._stream.invalid_samples

    @property
    def ended(self) -> bool:
        """Whether the source has given all it had."""
        return self._ended

    def read(self, timeout: float) -> list[HeardFrame]:
        """The frames that the next block completes; none when `timeout` seconds bring too little.

        Raises AudioError.
        """
        block = self._source.read(timeout)
        if block is None:
            self._ended = True
        else:
            if self._on_block is not None:
                self._on_block(block, self._source.sample_rate)
            self._dropped += block.dropped
            self._measure_level(block.samples)
            self._meter.push(block.samples)
        began = time.perf_counter_ns()  # what meters cost is no part of a frame
        frames = self._stream.finish() if block is None else self._stream.push(block.samples)
        self._nanoseconds += time.perf_counter_ns() - began
        return list(self._describe(frames))

    def __iter__(self) -> Iterator[HeardFrame]:
        """Every frame until the source ends."""
        while not self._ended:
            yield from self.read(timeout=1.0)

    def _measure_level(self, samples: NDArray[np.float32]) -> None:
        valid = samples[np.isfinite(samples)]
        self._squares += float(np.dot(valid, valid))
        self._samples += len(samples)
        self._heard_samples += len(samples)

    def _describe(self, frames: NDArray[np.float32]) -> Iterator[HeardFrame]:
        if not len(frames):
            return
        if self._samples:
            mean_square = self._squares / self._samples
            self._level = 10.0 * math.log10(mean_square) if mean_square else -math.inf
        nanoseconds = self._nanoseconds // len(frames)
        self._squares, self._samples, self._nanoseconds = 0.0, 0, 0
        lost_seconds = self._dropped / self._source.sample_rate
        for log_mel in frames:
            seconds = (self._frames * HOP + FFT_LENGTH) / SAMPLE_RATE + lost_seconds
            yield HeardFrame(self._frames, seconds, log_mel, self._level, nanoseconds, self._dropped)
            self._frames += 1
