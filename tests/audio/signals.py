"""Sound made for the tests, and ways to cut and store it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from audio import SAMPLE_RATE, FrameStream, Source

Samples = NDArray[np.float32]


def music(seconds: int, seed: int = 0) -> Samples:
    """(n,) at SAMPLE_RATE: noise that falls by 3 dB per octave under chords that change, with silence at both
    ends.

    Every mel band holds some sound at every moment but the quiet ends, as in dense music.
    """
    generator = np.random.default_rng(seed)
    count = seconds * SAMPLE_RATE
    time = np.arange(count) / SAMPLE_RATE
    spectrum = np.fft.rfft(generator.standard_normal(count))
    spectrum /= np.sqrt(1 + np.arange(len(spectrum)) / (20 * seconds))
    spectrum[-1] = 0  # exactly half the sample rate: has no phase at another rate
    noise = np.fft.irfft(spectrum, count)
    sound = 0.1 * noise / np.sqrt(np.mean(noise**2))
    for start in range(0, seconds, 1):
        held = np.clip(1 - np.abs(2 * (time - start) - 1), 0, None)
        for tone in 110 * 2 ** (generator.integers(0, 48, size=3) / 12):
            sound += 0.05 * held * np.sin(2 * np.pi * tone * time)
    fade = np.clip((0.5 - np.abs(time / seconds - 0.5)) * 10 - 0.5, 0, 1)
    return np.asarray(sound * fade, np.float32)


def at_rate(samples: Samples, rate: int) -> Samples:
    """The same sound at another sample rate: its spectrum filled up with zeros or cut off, which is exact.

    The two rates must have a whole number of samples in the sound's length.
    """
    length = Fraction(len(samples) * rate, SAMPLE_RATE)
    assert length.denominator == 1
    spectrum = np.fft.rfft(samples.astype(np.float64))
    resampled = np.zeros(int(length) // 2 + 1, complex)
    kept = min(len(spectrum), len(resampled) - 1)
    resampled[:kept] = spectrum[:kept]
    return np.asarray(np.fft.irfft(resampled, int(length)) * (int(length) / len(samples)), np.float32)


def chunks(samples: Samples, sizes: Sequence[int]) -> Iterator[Samples]:
    """The samples cut into pieces of these sizes, again and again."""
    start = 0
    for size in cycle(sizes):
        if start >= len(samples):
            return
        yield samples[start : start + size]
        start += size


def frames_of(samples: Samples, rate: int, sizes: Sequence[int] = (4096,)) -> NDArray[np.float32]:
    """(k, BANDS) the frames of a whole sound."""
    stream = FrameStream(rate)
    pushed = [stream.push(chunk) for chunk in chunks(samples, sizes)]
    return np.concatenate([*pushed, stream.finish()])


def frames_from(source: Source) -> NDArray[np.float32]:
    """(k, BANDS) the frames of everything that a source gives until it ends."""
    stream = FrameStream(source.sample_rate)
    pushed = []
    while (block := source.read(1.0)) is not None:
        pushed.append(stream.push(block.samples))
    return np.concatenate([*pushed, stream.finish()])
