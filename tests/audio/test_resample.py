"""Resampling as a stream keeps time and spectrum."""

from __future__ import annotations

import numpy as np
import pytest

from audio import BANDS, SAMPLE_RATE, FrameStream, StreamingLogMel, StreamingResampler
from audio.front_end import LOUDEST
from tests.audio.signals import Samples, chunks, music

RATES = [8_000, 11_025, 16_000, 32_000, 44_056, 44_100, 48_000, 96_000, 192_000, 384_000]


def resampled(samples: Samples, rate: int, sizes: list[int]) -> Samples:
    stream = StreamingResampler(rate)
    return np.concatenate([*(stream.push(chunk) for chunk in chunks(samples, sizes)), stream.finish()])


def test_the_same_rate_keeps_the_same_bits() -> None:
    sound = music(1)
    np.testing.assert_array_equal(resampled(sound, SAMPLE_RATE, [1000]), sound)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("sizes", [[17], [1024], [1, 4096, 3]])
def test_every_chunking_gives_the_same_samples(rate: int, sizes: list[int]) -> None:
    sound = music(2)
    np.testing.assert_array_equal(resampled(sound, rate, sizes), resampled(sound, rate, [len(sound)]))


@pytest.mark.parametrize("rate", RATES)
def test_a_second_stays_a_second_and_a_click_stays_in_place(rate: int) -> None:
    sound = np.zeros(rate, np.float32)
    sound[rate // 4] = 1
    heard = resampled(sound, rate, [1024])
    assert abs(len(heard) - SAMPLE_RATE) <= 1
    assert abs(int(np.argmax(np.abs(heard))) - rate // 4 * SAMPLE_RATE / rate) <= 1


def test_finishing_an_empty_stream_gives_nothing() -> None:
    assert len(StreamingResampler(48_000).finish()) == 0


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 48_000])
def test_samples_that_are_no_sound_are_silence_and_counted(rate: int) -> None:
    beyond = np.nextafter(np.float32(LOUDEST), np.float32(np.inf))
    no_sound = [np.nan, -np.nan, np.inf, -np.inf, 3.4e38, -1e10, beyond, -beyond]
    broken, silenced = music(2), music(2)
    for at, sample in enumerate(no_sound):  # also the only one of its push
        broken[5000 * (at + 1)], silenced[5000 * (at + 1)] = sample, 0
    broken[-100:], silenced[-100:] = np.nan, 0
    heard, expected = FrameStream(rate), FrameStream(rate)
    for piece, silent in zip(chunks(broken, [1024]), chunks(silenced, [1024]), strict=True):
        np.testing.assert_array_equal(heard.push(piece), expected.push(silent))
    np.testing.assert_array_equal(heard.finish(), expected.finish())
    assert heard.invalid_samples == len(no_sound) + 100
    assert expected.invalid_samples == 0


def test_the_loudest_sound_is_heard() -> None:
    stream = FrameStream(SAMPLE_RATE)
    stream.push(np.array([LOUDEST, -LOUDEST, 0, 1], np.float32))
    assert stream.push(np.zeros(0, np.float32)).shape == (0, BANDS)
    assert stream.invalid_samples == 0


def test_sound_shorter_than_a_frame_gives_no_frame() -> None:
    for rate in (8_000, SAMPLE_RATE, 48_000):
        stream = FrameStream(rate)
        assert stream.push(np.ones(rate // 100, np.float32)).shape == (0, BANDS)
        assert stream.finish().shape == (0, BANDS)


@pytest.mark.parametrize("rate", [8_000, SAMPLE_RATE, 44_100, 48_000])
@pytest.mark.parametrize("block", [1, 480, 1024])
def test_no_frame_comes_later_because_samples_wait_for_it(rate: int, block: int) -> None:
    stream, resampler, log_mel = FrameStream(rate), StreamingResampler(rate), StreamingLogMel()
    sound = np.resize(music(1), rate // 3)
    for samples in chunks(sound, [block]):
        np.testing.assert_array_equal(stream.push(samples), log_mel.push(resampler.push(samples)))
