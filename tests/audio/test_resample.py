"""Resampling as a stream keeps time and spectrum."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from audio import FFT_LENGTH, HOP, SAMPLE_RATE, FrameStream, FrontEnd, StreamingResampler
from audio.filters import HalfBandDecimator
from audio.frames import STOP_BAND, TRANSITION
from audio.front_end import Loops
from tests.audio.signals import Samples, chunks, music

RATES = [8_000, 11_025, 16_000, 32_000, 44_056, 44_100, 48_000, 96_000, 192_000, 384_000]


def resampled(samples: Samples, rate: int, sizes: list[int], front_end: FrontEnd | None = None) -> Samples:
    stream = StreamingResampler(rate, front_end)
    return np.concatenate([*(stream.push(chunk) for chunk in chunks(samples, sizes)), stream.finish()])


def test_the_same_rate_keeps_the_same_bits() -> None:
    sound = music(1)
    np.testing.assert_array_equal(resampled(sound, SAMPLE_RATE, [1000]), sound)


def test_twice_the_rate_is_halved_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)  # importing it fails from now on
    sound, decimator = music(1), HalfBandDecimator(44_100, TRANSITION, STOP_BAND, HOP, FFT_LENGTH % HOP)
    expected = np.concatenate([decimator.push(sound), decimator.finish()])
    np.testing.assert_array_equal(resampled(sound, 2 * SAMPLE_RATE, [1000]), expected)
    with pytest.raises(ImportError):
        StreamingResampler(16_000)


@pytest.mark.parametrize("rate", [24_000, 32_000, 48_000, 88_200, 96_000, 192_000, 384_000])
def test_most_rates_need_no_soxr(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    assert len(resampled(music(1), rate, [1000])) > 0


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("sizes", [[17], [1024], [1, 4096, 3]])
def test_every_chunking_gives_the_same_samples(rate: int, sizes: list[int]) -> None:
    sound = music(2)
    np.testing.assert_array_equal(resampled(sound, rate, sizes), resampled(sound, rate, [len(sound)]))


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
@pytest.mark.parametrize("sizes", [[17], [1024], [1, 4096, 3]])
def test_every_chunking_gives_the_same_samples_compiled_too(rate: int, sizes: list[int], compiled: FrontEnd) -> None:
    sound = music(2)
    whole = resampled(sound, rate, [len(sound)], compiled)
    np.testing.assert_array_equal(resampled(sound, rate, sizes, compiled), whole)


@pytest.mark.parametrize("rate", RATES)
def test_compiled_samples_are_those_of_numpy(rate: int, compiled: FrontEnd) -> None:
    for sound in (music(2), np.random.default_rng(rate).normal(size=rate).astype(np.float32)):
        heard, expected = resampled(sound, rate, [1024], compiled), resampled(sound, rate, [1024])
        assert len(heard) == len(expected)
        assert np.abs(heard - expected).max() < 1e-6 * np.abs(expected).max()
        assert np.std(heard - expected) < 1e-6 * np.std(expected)  # 120 dB below


def test_compiled_frames_of_resampled_music_are_those_of_numpy(compiled: FrontEnd) -> None:
    sound = music(3)
    sound = sound + 1e-3 * np.random.default_rng(0).normal(size=len(sound)).astype(np.float32)  # a recording's hiss
    frames, expected = FrameStream(48_000, compiled).push(sound), FrameStream(48_000).push(sound)
    assert len(frames) > 10
    np.testing.assert_allclose(frames, expected, rtol=0, atol=1e-2)


def test_the_compiled_filter_takes_over_between_two_blocks(loops: Loops) -> None:
    sound, front_end, halved = music(4), FrontEnd(), 0
    stream = StreamingResampler(44_100, front_end)
    before = stream.push(sound[:44_100])

    def counting(samples: object, taps: object, block: object, odd: object, sums: object, outputs: Samples) -> None:
        nonlocal halved
        halved += len(outputs)
        loops.halve(samples, taps, block, odd, sums, outputs)  # type: ignore[arg-type]

    front_end.loops = loops._replace(halve=counting)
    after = stream.push(sound[44_100:])
    assert halved == len(after) > 10_000
    expected = StreamingResampler(44_100).push(sound)
    np.testing.assert_allclose(np.concatenate([before, after]), expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("rate", RATES)
def test_a_second_stays_a_second_and_a_click_stays_in_place(rate: int) -> None:
    sound = np.zeros(rate, np.float32)
    sound[rate // 4] = 1
    heard = resampled(sound, rate, [1024])
    assert abs(len(heard) - SAMPLE_RATE) <= 1
    assert abs(int(np.argmax(np.abs(heard))) - rate // 4 * SAMPLE_RATE / rate) <= 1


def test_finishing_an_empty_stream_gives_nothing() -> None:
    assert len(StreamingResampler(48_000).finish()) == 0


@pytest.mark.parametrize("computed", ["numpy", "compiled"])
def test_samples_that_are_no_sound_are_silence_and_counted(computed: str, compiled: FrontEnd) -> None:
    front_end = compiled if computed == "compiled" else FrontEnd()
    sound = music(2)
    broken, silenced = sound.copy(), sound.copy()
    broken[10_000:10_100], broken[12_000:12_004] = np.nan, (np.inf, -np.inf, 3e38, -1e10)
    silenced[10_000:10_100], silenced[12_000:12_004] = 0, 0
    for rate in (SAMPLE_RATE, 48_000):
        heard, expected = FrameStream(rate, front_end), FrameStream(rate, front_end)
        np.testing.assert_array_equal(heard.push(broken), expected.push(silenced))
        np.testing.assert_array_equal(heard.finish(), expected.finish())
        assert heard.invalid_samples == 104
        assert expected.invalid_samples == 0


def test_sound_shorter_than_a_frame_gives_no_frame() -> None:
    for rate in (8_000, SAMPLE_RATE, 48_000):
        stream = FrameStream(rate)
        assert stream.push(np.ones(rate // 100, np.float32)).shape == (0, 128)
        assert stream.finish().shape == (0, 128)
