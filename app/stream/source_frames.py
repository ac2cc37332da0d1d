"""A source's sound as frames, a block at a time: the one place where samples and frames are counted and timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio import FFT_LENGTH, HOP, SAMPLE_RATE, Block, FrameStream, FrontEnd, Source


@dataclass(frozen=True, slots=True)
class Frames:
    """What one block of sound completes; T may be 0."""

    first: int  # index of the first one since the source opened
    ends: NDArray[np.float64]  # (T,) s, times of their last samples since the source opened, lost samples counted
    log_mels: NDArray[np.float32]  # (T, bands) dB
    dropped: int  # samples lost since the source opened
    nanoseconds: int  # spent on them: resampling and log-mel


class SourceFrames:
    """Reads a source to its end. `on_block` gets every block before it becomes frames."""

    def __init__(
        self,
        source: Source,
        on_block: Callable[[Block], None] | None = None,
        front_end: FrontEnd | None = None,
    ) -> None:
        self._source = source
        self._on_block = on_block
        self._stream = FrameStream(source.sample_rate, front_end)
        self._samples = self._dropped = self._frames = 0
        self._nanoseconds = 0  # since the last frame
        self.ended = False

    @property
    def invalid_samples(self) -> int:
        """NaN or infinite samples so far: they were heard as silence."""
        return self._stream.invalid_samples

    @property
    def all_invalid(self) -> bool:
        """Whether there was sound, but not one usable sample in it."""
        return 0 < self._samples == self._stream.invalid_samples

    def read(self, timeout: float) -> Frames:
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
                self._on_block(block)
        began = time.perf_counter_ns()  # what others do with the samples is no part of a frame
        log_mels = self._stream.finish() if block is None else self._stream.push(block.samples)
        self._nanoseconds += time.perf_counter_ns() - began
        return self._describe(log_mels)

    def _describe(self, log_mels: NDArray[np.float32]) -> Frames:
        first, nanoseconds = self._frames, self._nanoseconds
        if len(log_mels):
            self._frames += len(log_mels)
            self._nanoseconds = 0
        ends = (np.arange(first, self._frames) * HOP + FFT_LENGTH) / SAMPLE_RATE
        return Frames(first, ends + self._dropped / self._source.sample_rate, log_mels, self._dropped, nanoseconds)
