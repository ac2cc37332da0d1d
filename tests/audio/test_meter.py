"""What the meter says: peak and RMS in dBFS, and clipping, whatever the blocks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audio import Level, LevelMeter
from tests.audio.signals import Samples, chunks

RATE = 48_000
SINE = (0.5 * np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)).astype(np.float32)


def level_of(samples: Samples, sizes: list[int]) -> Level:
    meter = LevelMeter(RATE)
    for chunk in chunks(samples, sizes):
        meter.push(chunk)
    return meter.level


@pytest.mark.parametrize("sizes", [[1], [17, 3], [1024], [RATE]])
def test_a_sine_has_its_peak_and_its_rms_in_any_blocks(sizes: list[int]) -> None:
    level = level_of(SINE, sizes)
    assert level.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert level.rms_dbfs == pytest.approx(-9.03, abs=0.01)
    assert not level.clipping


@pytest.mark.parametrize("offset", [0.4, -1.0])
def test_an_offset_is_no_sound(offset: float) -> None:
    level = level_of(SINE + np.float32(offset), [1024])
    assert level.rms_dbfs == pytest.approx(-9.03, abs=0.01)
    assert level.peak_dbfs == pytest.approx(20 * math.log10(0.5 + abs(offset)), abs=0.01)
    assert level_of(np.full(RATE, offset, np.float32), [1024]).rms_dbfs < -120


def test_zeros_and_no_numbers_have_no_level() -> None:
    assert LevelMeter(RATE).level == Level(-math.inf, -math.inf, False)
    assert level_of(np.zeros(RATE, np.float32), [1024]) == Level()
    assert level_of(np.full(RATE, np.nan, np.float32), [1024]) == Level()
    broken = SINE.copy()
    broken[::100] = np.inf
    broken[7::100] = 3e38
    assert level_of(broken, [1024]).peak_dbfs == pytest.approx(-6.02, abs=0.01)


@pytest.mark.parametrize("sizes", [[1], [2], [1024]])
@pytest.mark.parametrize(("loud", "clips"), [(2, False), (3, True), (50, True)])
def test_three_samples_at_the_limit_in_a_row_are_a_clip(sizes: list[int], loud: int, clips: bool) -> None:
    sound = SINE.copy()
    sound[1000 : 1000 + loud] = -1.0
    assert level_of(sound[: RATE // 10], sizes).clipping is clips


def test_loud_samples_apart_are_no_clip() -> None:
    sound = SINE.copy()
    sound[::2] = 1.0
    assert not level_of(sound, [1024]).clipping


def test_a_clip_is_shown_for_two_seconds_of_sound() -> None:
    sound = np.zeros(4 * RATE, np.float32)
    sound[100:110] = 1.0
    assert level_of(sound[: round(1.9 * RATE)], [1024]).clipping
    assert not level_of(sound[: round(2.2 * RATE)], [1024]).clipping
