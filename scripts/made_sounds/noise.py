"""Noise with a shape over frequency and time: what most sounds that are no music are made of.

Everywhere `random` is the one source of chance, and sounds are (samples,) float64 at SAMPLE_RATE, of any level.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audio import SAMPLE_RATE

Samples = NDArray[np.float64]


def shaped_noise(random: np.random.Generator, length: int, gain: Callable[[Samples], Samples]) -> Samples:
    """Gaussian noise whose amplitude at f Hz is gain(f), RMS 1."""
    hertz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE).astype(np.float64)
    spectrum = np.fft.rfft(random.normal(size=length)) * gain(hertz)
    return unit_level(np.fft.irfft(spectrum, length))


def coloured(random: np.random.Generator, length: int, exponent: float, lowest: float = 30.0) -> Samples:
    """Power falls as 1 / f^exponent above `lowest` Hz: 0 is white, 1 pink, 2 brown."""
    return shaped_noise(random, length, lambda hertz: np.maximum(hertz, lowest) ** (-exponent / 2))


def band(random: np.random.Generator, length: int, centre: float, octaves: float) -> Samples:
    """A bell over log frequency around `centre` Hz, `octaves` to where it has fallen by 4 dB."""
    return shaped_noise(random, length, lambda hertz: bell(hertz, centre, octaves))


def bell(hertz: Samples, centre: float, octaves: float) -> Samples:
    """Amplitude at every frequency: 1 at the centre."""
    gain: Samples = np.exp(-0.5 * (np.log2(np.maximum(hertz, 1.0) / centre) / octaves) ** 2)
    return gain


def slow_curve(random: np.random.Generator, length: int, per_second: float) -> Samples:
    """A smooth random curve, mean 0 and deviation 1 over long times, changing about `per_second` times a second."""
    knots = int(np.ceil(length / SAMPLE_RATE * per_second)) + 3
    places = np.linspace(0.0, knots - 1.001, length)
    before = places.astype(np.int64)
    values, share = random.normal(size=knots + 1), places - before
    ease = share * share * (3.0 - 2.0 * share)
    return values[before] * (1.0 - ease) + values[before + 1] * ease


def scattered(random: np.random.Generator, length: int, per_second: float, grain: Samples, spread: float) -> Samples:
    """One grain at random times, Poisson; its amplitude is log-normal with deviation `spread` (nepers)."""
    count = int(random.poisson(per_second * length / SAMPLE_RATE))
    train = np.zeros(length)
    np.add.at(train, random.integers(0, length, count), np.exp(spread * random.normal(size=count)))
    return convolved(train, grain)


def burst(random: np.random.Generator, seconds: float, centre: float, octaves: float) -> Samples:
    """A short noise that dies away within about `seconds`."""
    length = max(64, round(4 * seconds * SAMPLE_RATE))
    return band(random, length, centre, octaves) * np.exp(-np.arange(length) / (seconds * SAMPLE_RATE))


def convolved(signal: Samples, answer: Samples) -> Samples:
    """The signal through a filter with this impulse answer, as long as the signal."""
    size = 1 << (len(signal) + len(answer) - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(answer, size), size)[: len(signal)]


def in_a_room(random: np.random.Generator, signal: Samples, seconds: float, wet: float) -> Samples:
    """Reverberation: decaying noise that falls by 60 dB in `seconds`, `wet` times as strong as the direct sound."""
    length = round(seconds * SAMPLE_RATE)
    tail = coloured(random, length, 1.0, lowest=300.0) * 10 ** (-3 * np.arange(length) / length)
    return signal + convolved(signal, wet * tail / np.sqrt(np.sum(tail**2)))


def unit_level(samples: Samples) -> Samples:
    """RMS 1; silence stays silent."""
    return samples / max(float(np.sqrt(np.mean(samples**2))), 1e-12)
