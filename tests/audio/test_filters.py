"""The filters of resampling: flat where something is heard, silent where something would be that is not there."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from audio import FrontEnd
from audio.filters import HalfBandDecimator, PolyphaseResampler
from audio.frames import DOUBLED, HEARD, IMAGES
from tests.audio.signals import Samples, chunks

RATES = [24_000, 32_000, 48_000, 88_200, 96_000, 192_000, 384_000]
SETTLED = 2000  # outputs after which a tone that begins is steady


@pytest.fixture(params=["numpy", "compiled"])
def front_end(request: pytest.FixtureRequest, compiled: FrontEnd) -> FrontEnd:
    return compiled if request.param == "compiled" else FrontEnd()


def resampler(rate: int, front_end: FrontEnd | None = None) -> PolyphaseResampler:
    return PolyphaseResampler(rate, DOUBLED, HEARD, DOUBLED - HEARD, IMAGES, front_end)


def steady_tone(rate: int, hertz: float, front_end: FrontEnd) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The outputs number SETTLED and on of a second of it, and what they should be."""
    sound = np.sin(2 * np.pi * hertz * np.arange(rate) / rate).astype(np.float32)
    heard = resampler(rate, front_end).push(sound)[SETTLED:].astype(np.float64)
    return heard, np.sin(2 * np.pi * hertz * np.arange(SETTLED, SETTLED + len(heard)) / DOUBLED)


def audible(outputs: NDArray[np.float64]) -> float:
    """The largest amplitude of a tone that the half-band filter lets through, in dB."""
    spectrum = np.abs(np.fft.rfft(outputs * np.hanning(len(outputs)))) / (len(outputs) / 4)
    return 20 * math.log10(spectrum[np.fft.rfftfreq(len(outputs), 1 / DOUBLED) < HEARD - 20.0].max())


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [20.0, 440.0, 5000.0, 11_000.0])
def test_what_is_heard_keeps_its_level_and_its_time(rate: int, hertz: float, front_end: FrontEnd) -> None:
    heard, expected = steady_tone(rate, hertz, front_end)
    assert audible(heard - expected) < -80.0  # 0.001 dB


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [11_500.0, 15_000.0, 21_000.0, 23_900.0, 33_100.0, 40_000.0, 47_000.0])
def test_nothing_comes_to_where_something_is_heard(rate: int, hertz: float, front_end: FrontEnd) -> None:
    if hertz < rate / 2:
        heard, _ = steady_tone(rate, hertz, front_end)
        assert audible(heard) < -IMAGES + 3.0


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("length", [0, 1, 2, 999, 48_000])
def test_a_finished_stream_is_as_long_as_its_sound(rate: int, length: int, front_end: FrontEnd) -> None:
    stream, sound = resampler(rate, front_end), np.ones(length, np.float32)
    outputs: Samples = np.concatenate([*(stream.push(chunk) for chunk in chunks(sound, [700])), stream.finish()])
    assert len(outputs) == math.ceil(length * DOUBLED / rate)


def test_the_half_band_filter_is_flat_below_its_edge_and_silent_above() -> None:
    rate, transition, attenuation = 1000.0, 20.0, 80.0
    decimator = HalfBandDecimator(rate, transition, attenuation, block=100, first=30)
    impulses = np.zeros((2, 4096), np.float32)
    impulses[0, 2000] = impulses[1, 2001] = 1
    outputs = [HalfBandDecimator(rate, transition, attenuation, 100, 30).push(impulse) for impulse in impulses]
    # The answers to an impulse at an even and at an odd index, interleaved, are the filter itself.
    response = np.abs(np.fft.rfft(np.stack(outputs[::-1], axis=1).ravel()))
    frequency = np.fft.rfftfreq(2 * len(outputs[0]), 1 / rate)
    passed = response[frequency < rate / 4 - transition / 2]
    stopped = response[frequency > rate / 4 + transition / 2]
    assert np.abs(20 * np.log10(passed)).max() < 0.002
    assert 20 * np.log10(stopped.max()) < -attenuation + 1
    assert len(decimator.push(impulses[0])) + len(decimator.finish()) == impulses.shape[1] // 2
