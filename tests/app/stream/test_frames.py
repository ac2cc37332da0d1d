"""From a source to frames: all of them, with their times and levels."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.stream.frames import FrameReader, Frames
from audio import Block, FileSource, LevelMeter, UnreadableFile
from audio.source import Source


def singly(reader: FrameReader) -> list[Frames]:
    """Frame by frame, to the end of the source."""
    return [frame for frames in reader.live() for frame in frames.singly()]


def test_the_end_of_a_resampled_file_is_heard_too(tmp_path: Path) -> None:
    """The last frame ends with the last sample, which the resampler holds back until it is told that all is said."""
    frames = 20
    seconds = ((frames - 1) * 1708 + 2048) / 22_050
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(math.ceil(seconds * 48_000)) / 20), 48_000)
    with FileSource(path) as source:
        heard = singly(FrameReader(source))
    assert [frame.first for frame in heard] == list(range(frames))
    assert heard[-1].ends[0] == pytest.approx(seconds)


class TwoLevels(Source):
    """A square wave at -6 dBFS with every tenth sample lost to NaN, then a gap, then digital silence."""

    name, sample_rate, status = "two levels", 22_050, ""

    def __init__(self) -> None:
        loud = np.tile(np.array([0.5, 0.5, -0.5, -0.5], np.float32), 1654)[:6615]
        loud[::10] = np.nan
        self.blocks = [Block(loud, 0), Block(np.zeros(6615, np.float32), 6615 + 441, dropped=441)]

    def read(self, timeout: float) -> Block | None:
        return self.blocks.pop(0) if self.blocks else None

    def close(self) -> None:
        """Nothing to let go of."""


def test_a_frame_has_the_level_of_the_input_and_a_time_that_counts_what_was_lost() -> None:
    source = TwoLevels()
    reader = FrameReader(source, meter=LevelMeter(source.sample_rate))
    *loud, _, _, silent = singly(reader)
    assert loud[0].level_dbfs == pytest.approx(20 * math.log10(0.5) + 10 * math.log10(0.9), abs=0.01)
    assert silent.level_dbfs == -math.inf
    assert reader.invalid_samples == 662
    assert (loud[0].dropped, silent.dropped) == (0, 441)
    assert silent.ends[0] == pytest.approx((silent.first * 1708 + 2048 + 441) / 22_050)


@pytest.mark.parametrize("chunk", [1, 7, 388])
def test_offline_and_live_read_the_same_frames_at_the_same_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("app.stream.frames.CHUNK_FRAMES", chunk)
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 3 * 44_100), 44_100)
    with FileSource(path) as source:
        frames = singly(FrameReader(source))
    with FileSource(path) as source:
        chunks = list(FrameReader(source).chunks())
    assert {len(each) for each in chunks[:-1]} <= {chunk}
    assert [each.first for each in chunks] == list(range(0, len(frames), chunk))
    for name in ("ends", "log_mels"):
        expected = np.concatenate([getattr(frame, name) for frame in frames])
        np.testing.assert_array_equal(np.concatenate([getattr(each, name) for each in chunks]), expected)


def test_a_sample_rate_that_no_sound_has_is_refused() -> None:
    source = TwoLevels()
    source.sample_rate = 7
    with pytest.raises(UnreadableFile, match="7 Hz"):
        FrameReader(source)
