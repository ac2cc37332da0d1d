"""A source read frame by frame, with its level: what is heard live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.stream.source_frames import SourceFrames
from audio import Block, FrontEnd, Level, LevelMeter, Source


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """One log-mel frame and how it came about."""

    index: int  # since the source opened
    seconds: float  # time of its last sample since the source opened, lost samples counted
    log_mel: NDArray[np.float32]  # (bands,) dB
    level_dbfs: float  # RMS of the input, as the meter shows it; -inf for zeros
    nanoseconds: int  # spent on it: resampling and log-mel
    dropped: int  # samples lost since the source opened


class FrameReader:
    """Reads a source to its end. Several frames that come out of one block share its level and its time.

    on_block: told of every block and its sample rate before it is heard, in the reading thread.
    """

    def __init__(
        self,
        source: Source,
        on_block: Callable[[Block, int], None] | None = None,
        front_end: FrontEnd | None = None,
    ) -> None:
        self._meter = LevelMeter(source.sample_rate)

        def hear(block: Block) -> None:
            if on_block is not None:
                on_block(block, source.sample_rate)
            self._meter.push(block.samples)

        self._frames = SourceFrames(source, hear, front_end)

    @property
    def level(self) -> Level:
        """What a meter shows at this moment; may be asked by any thread."""
        return self._meter.level

    @property
    def invalid_samples(self) -> int:
        """NaN or infinite samples so far: they were heard as silence."""
        return self._frames.invalid_samples

    @property
    def ended(self) -> bool:
        """Whether the source has given all it had."""
        return self._frames.ended

    def read(self, timeout: float) -> list[HeardFrame]:
        """The frames that the next block completes; none when `timeout` seconds bring too little.

        Raises AudioError.
        """
        frames = self._frames.read(timeout)
        level = self._meter.level.rms_dbfs
        each = frames.nanoseconds // max(1, len(frames.log_mels))
        return [
            HeardFrame(frames.first + offset, float(end), log_mel, level, each, frames.dropped)
            for offset, (end, log_mel) in enumerate(zip(frames.ends, frames.log_mels, strict=True))
        ]

    def __iter__(self) -> Iterator[HeardFrame]:
        """Every frame until the source ends."""
        while not self.ended:
            yield from self.read(timeout=1.0)
