"""What a microphone hears when nobody plays music: machines, weather, hands."""

from __future__ import annotations

import numpy as np

from audio import SAMPLE_RATE
from scripts.made_sounds.noise import Samples, band, bell, burst, coloured, scattered, slow_curve, unit_level


def silence(random: np.random.Generator, length: int) -> Samples:
    return np.zeros(length)


def plain_noise(random: np.random.Generator, length: int) -> Samples:
    """White to brown and all between."""
    return coloured(random, length, random.uniform(0.0, 2.2))


def hum(random: np.random.Generator, length: int) -> Samples:
    """Mains of 50 or 60 Hz with odd and even harmonics, and a little noise."""
    mains = random.choice([50.0, 60.0]) * (1.0 + 0.002 * random.normal())
    time = np.arange(length) / SAMPLE_RATE
    sound = 0.02 * coloured(random, length, 1.0)
    for harmonic in range(1, random.integers(6, 30)):
        strength = random.uniform(0.2, 1.0) * harmonic ** -random.uniform(0.6, 1.6)
        sound += strength * np.sin(2 * np.pi * (mains * harmonic * time + random.random()))
    return sound


def tones(random: np.random.Generator, length: int) -> Samples:
    """What sings without making music: transformers, sirens, alarms; steady, gliding, pulsing or struck; in noise."""
    time = np.arange(length) / SAMPLE_RATE
    sound = 10 ** random.uniform(-2.0, 0.4) * coloured(random, length, random.uniform(0.0, 2.0))
    for _ in range(random.integers(1, 4)):
        glide = random.choice([0.0, 0.02, 0.5]) * slow_curve(random, length, random.uniform(0.1, 4.0))  # octaves
        pitch = np.minimum(np.exp2(random.uniform(np.log2(40.0), np.log2(5000.0)) + glide), 0.45 * SAMPLE_RATE)
        phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
        slope = random.uniform(0.3, 1.6)
        voice = np.zeros(length)
        for harmonic in range(1, 1 + min(int(random.integers(1, 30)), int(0.45 * SAMPLE_RATE / pitch.max()))):
            voice += random.uniform(0.1, 1.0) / harmonic**slope * np.sin(harmonic * phase + 2 * np.pi * random.random())
        shape, per_second = random.random(), random.uniform(0.5, 8.0)
        if shape < 0.3:
            voice *= (time * per_second) % 1.0 < random.uniform(0.2, 0.8)
        elif shape < 0.5:
            voice *= np.exp(-((time * per_second) % 1.0) / (per_second * random.uniform(0.01, 0.3)))
        sound += random.uniform(0.2, 1.0) * unit_level(voice)
    return sound


def fan(random: np.random.Generator, length: int) -> Samples:
    """Air through a grille: broad noise, a weak tone of the blades, both breathing slowly."""
    air = coloured(random, length, random.uniform(0.8, 1.8)) + 0.4 * band(random, length, random.uniform(200, 900), 0.7)
    turning = random.uniform(60.0, 240.0) * (1.0 + 0.004 * slow_curve(random, length, 0.5))
    phase = 2 * np.pi * np.cumsum(turning) / SAMPLE_RATE
    sound = air * (1.0 + 0.1 * slow_curve(random, length, 1.0))
    for harmonic in (1, 2, 3):
        sound += random.uniform(0.0, 0.12) * np.sin(harmonic * phase)
    return sound


def typing(random: np.random.Generator, length: int) -> Samples:
    """Keys and clicks, in runs with pauses, over a quiet room."""
    sound = 0.02 * coloured(random, length, 1.0)
    at_work = slow_curve(random, length, 0.6) > random.uniform(-1.0, 0.2)
    for _ in range(4):
        grain = burst(random, random.uniform(0.001, 0.012), random.uniform(900, 6000), random.uniform(0.3, 1.2))
        sound += scattered(random, length, random.uniform(0.5, 3.0), grain, 0.4) * at_work
    return sound


def rain(random: np.random.Generator, length: int) -> Samples:
    """Thousands of small drops, some large ones, a hiss that swells."""
    sound = 0.5 * coloured(random, length, random.uniform(-0.3, 0.6)) * (1.0 + 0.2 * slow_curve(random, length, 0.5))
    for _ in range(8):
        grain = burst(random, random.uniform(0.0005, 0.003), random.uniform(1500, 7000), 0.6)
        sound += 0.25 * unit_level(scattered(random, length, random.uniform(50, 1000), grain, 0.6))
    large = burst(random, 0.006, random.uniform(400, 1500), 0.4)
    return sound + random.uniform(0.0, 0.5) * unit_level(scattered(random, length, 8.0, large, 0.5))


def traffic(random: np.random.Generator, length: int) -> Samples:
    """A rumbling road; vehicles pass now and then with tyres and an engine."""
    sound = coloured(random, length, 2.0) + 0.3 * coloured(random, length, 1.0)
    time = np.arange(length) / SAMPLE_RATE
    for _ in range(int(random.poisson(0.15 * length / SAMPLE_RATE)) + 1):
        passes, width = random.uniform(0.0, time[-1] + 0.1), random.uniform(0.6, 3.0)
        near = 1.0 / (1.0 + ((time - passes) / width) ** 2)
        firing = 2 * np.pi * random.uniform(40.0, 110.0) * (time - 0.03 * width * np.arctan((time - passes) / width))
        engine = np.zeros(length)
        for harmonic in range(1, 9):
            engine += np.sin(harmonic * firing) / harmonic
        tyres = band(random, length, random.uniform(500, 1200), 0.8)
        sound += near * (random.uniform(0.5, 2.5) * tyres + random.uniform(0.0, 1.0) * engine)
    return sound


def anything(random: np.random.Generator, length: int) -> Samples:
    """What has no name: one to three pulse trains or noises, each through resonances of its own, steady, swelling,
    throbbing or struck; in noise.
    """
    time = np.arange(length) / SAMPLE_RATE
    sound = 10 ** random.uniform(-2.0, 0.3) * coloured(random, length, random.uniform(0.0, 2.2))
    for _ in range(random.integers(1, 4)):
        layer = resonant(random, pulses(random, length) if random.random() < 0.65 else random.normal(size=length))
        shape, per_second = random.random(), np.exp2(random.uniform(-1.0, 5.0))
        if shape < 0.25:
            layer *= np.exp(random.uniform(0.1, 1.2) * slow_curve(random, length, min(per_second, 4.0)))
        elif shape < 0.5:
            layer *= 1.0 + random.uniform(0.1, 1.0) * np.sin(2 * np.pi * per_second * time)
        elif shape < 0.7:
            layer *= np.exp(-((time * per_second) % 1.0) * random.uniform(1.0, 12.0))
        sound += random.uniform(0.2, 1.5) * unit_level(layer)
    return sound


def pulses(random: np.random.Generator, length: int) -> Samples:
    """11 to 720 a second, steady or wandering, all alike or some stronger than others, as the strokes of an engine."""
    wander = random.choice([0.0, 0.003, 0.02, 0.1]) * slow_curve(random, length, random.uniform(0.2, 5.0))  # octaves
    turns = np.cumsum(np.exp2(random.uniform(3.5, 9.5) + wander)) / SAMPLE_RATE
    strength = np.exp(random.choice([0.0, 0.3]) * random.normal(size=int(random.integers(2, 13))))
    train: Samples = np.diff(np.floor(turns), prepend=0.0) * strength[turns.astype(np.int64) % len(strength)]
    return train


def resonant(random: np.random.Generator, source: Samples) -> Samples:
    """Through a body with up to four resonances, duller towards the treble."""
    size = 1 << (len(source) - 1).bit_length()
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 20.0)
    gain = np.full(len(hertz), 10 ** random.uniform(-3.0, 0.0))
    for _ in range(random.integers(0, 5)):
        gain += bell(hertz, np.exp2(random.uniform(6.5, 12.8)), random.uniform(0.05, 1.0))
    gain *= (hertz / 1000.0) ** -random.uniform(0.0, 1.6)
    return np.fft.irfft(np.fft.rfft(source, size) * gain, size)[: len(source)]


def wind(random: np.random.Generator, length: int) -> Samples:
    """Gusts on the microphone."""
    gusts = np.exp(0.8 * slow_curve(random, length, random.uniform(0.3, 1.5)))
    whistle = band(random, length, random.uniform(300, 1200), 0.25) * np.maximum(slow_curve(random, length, 0.7), 0.0)
    return coloured(random, length, 2.2, lowest=20.0) * gusts + 0.2 * whistle


def dripping(random: np.random.Generator, length: int) -> Samples:
    """A tap: every drop rings for a moment, higher and higher."""
    sound = 0.01 * coloured(random, length, 1.0)
    time = np.arange(round(0.12 * SAMPLE_RATE)) / SAMPLE_RATE
    for _ in range(3):
        pitch, rise = random.uniform(500, 2200), random.uniform(0.0, 4000.0)
        drop = np.sin(2 * np.pi * (pitch + rise * time) * time) * np.exp(-time / random.uniform(0.008, 0.03))
        sound += scattered(random, length, random.uniform(0.3, 2.0), drop, 0.3)
    return sound


def birds(random: np.random.Generator, length: int) -> Samples:
    """Chirps over a quiet outdoors."""
    sound = 0.05 * coloured(random, length, 1.0)
    for _ in range(random.integers(2, 5)):
        time = np.arange(round(random.uniform(0.05, 0.25) * SAMPLE_RATE)) / SAMPLE_RATE
        sweep = random.uniform(-8000.0, 8000.0)
        wobble = random.uniform(0.0, 6.0) * np.sin(2 * np.pi * random.uniform(15, 50) * time)
        chirp = np.sin(2 * np.pi * (random.uniform(2500, 5500) + 0.5 * sweep * time) * time + wobble)
        sound += scattered(random, length, random.uniform(0.3, 2.0), chirp * np.hanning(len(time)), 0.6)
    return sound


def motor(random: np.random.Generator, length: int) -> Samples:
    """A vacuum cleaner or drill: a dense comb of harmonics under load, and rushing air."""
    turning = random.uniform(80.0, 300.0) * (1.0 + 0.02 * slow_curve(random, length, 0.8))
    phase = 2 * np.pi * np.cumsum(turning) / SAMPLE_RATE
    comb = np.zeros(length)
    for harmonic in range(1, 30):
        comb += random.uniform(0.1, 1.0) / harmonic**0.7 * np.sin(harmonic * phase)
    return unit_level(comb) + random.uniform(0.5, 2.0) * coloured(random, length, random.uniform(0.0, 1.0))
