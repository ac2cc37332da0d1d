"""From a source to frames: all of them, with their times and levels."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.frame_reader import FrameReader
from audio import Block, FileSource
from audio.source import ClosesOnExit


def test_the_end_of_a_resampled_file_is_heard_too(tmp_path: Path) -> None:
    """The last frame ends with the last sample, which the resampler holds back until it is told that all is said."""
    frames = 20
    seconds = ((frames - 1) * 1708 + 2048) / 22_050
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(math.ceil(seconds * 48_000)) / 20), 48_000)
    with FileSource(path) as source:
        heard = list(FrameReader(source))
    assert [frame.index for frame in heard] == list(range(frames))
    assert heard[-1].seconds == pytest.approx(seconds)


class TwoLevels(ClosesOnExit):
    """A frame's worth of a square wave at -6 dBFS with every tenth sample lost to NaN, then digital silence."""

    name, sample_rate, status = "two levels", 22_050, ""

    def __init__(self) -> None:
        loud = np.full(2048, 0.5, np.float32)
        loud[::10] = np.nan
        self.blocks = [Block(loud, 0), Block(np.zeros(1708, np.float32), 2048)]

    def read(self, timeout: float) -> Block | None:
        return self.blocks.pop(0) if self.blocks else None

    def close(self) -> None:
        """Nothing to let go of."""


def test_the_level_is_that_of_the_input_since_the_frame_before() -> None:
    reader = FrameReader(TwoLevels())
    loud, silent = list(reader)
    assert loud.level_dbfs == pytest.approx(20 * math.log10(0.5) + 10 * math.log10(0.9), abs=0.01)
    assert silent.level_dbfs == -math.inf
    assert reader.invalid_samples == 205
    assert not reader.all_invalid
