"""Speech-like sound: glottal pulses through moving formants in the rhythm of syllables. It says nothing.

A voice is a source (pitch, its melody and jitter) and a tract (formants of vowels, scaled by its length). Vowels are
sums of the pulses' harmonics with the amplitudes that the formants give them: exact, and no filter that could ring.
"""

from __future__ import annotations

import numpy as np

from audio import SAMPLE_RATE
from scripts.made_sounds.noise import Samples, band, burst, coloured, in_a_room, scattered, slow_curve, unit_level

CONTROL_RATE = 200  # Hz, of everything that the mouth moves
# First three formants of ten vowels of English, men (Peterson and Barney, 1952), Hz.
VOWELS = np.array(
    [
        (270, 2290, 3010),
        (390, 1990, 2550),
        (530, 1840, 2480),
        (660, 1720, 2410),
        (730, 1090, 2440),
        (570, 840, 2410),
        (440, 1020, 2240),
        (300, 870, 2240),
        (640, 1190, 2390),
        (490, 1350, 1690),
    ],
    dtype=np.float64,
)
BANDWIDTHS = (70.0, 100.0, 150.0)  # Hz
HIGHEST_HARMONIC = 5000.0  # Hz


def speech(random: np.random.Generator, length: int) -> Samples:
    """One voice in a room, near or far."""
    said = speak(random, length)
    said = in_a_room(random, said, random.uniform(0.15, 0.9), random.uniform(0.0, 0.6))
    return said + random.uniform(0.0003, 0.02) * coloured(random, length, random.uniform(0.5, 1.8))


def whisper(random: np.random.Generator, length: int) -> Samples:
    """The same mouth without a voice."""
    said = speak(random, length, voiced=False)
    return said + random.uniform(0.0003, 0.02) * coloured(random, length, random.uniform(0.5, 1.8))


def babble(random: np.random.Generator, length: int) -> Samples:
    """A crowd: 5 to 14 voices, each from another place, in one room."""
    crowd = np.zeros(length)
    for _ in range(random.integers(5, 15)):
        crowd += random.uniform(0.4, 1.0) * unit_level(speak(random, length))
    return in_a_room(random, crowd, random.uniform(0.4, 1.5), random.uniform(0.3, 1.2))


def applause(random: np.random.Generator, length: int) -> Samples:
    """Many hands; it swells and dies away."""
    sound = np.zeros(length)
    for _ in range(8):
        grain = burst(random, random.uniform(0.003, 0.012), random.uniform(600, 2800), random.uniform(0.4, 0.9))
        sound += scattered(random, length, random.uniform(4.0, 60.0), grain, 0.4)
    swell = np.exp(0.4 * slow_curve(random, length, 0.3))
    return in_a_room(random, sound * swell, random.uniform(0.5, 2.0), random.uniform(0.2, 1.0))


def speak(random: np.random.Generator, length: int, voiced: bool = True) -> Samples:
    """(length,) of a voice, another one every time, close to the mouth."""
    tract = random.uniform(0.95, 1.35)  # factor on all formants: 1 for a man, 1.17 for a woman, 1.35 for a child
    mean_pitch = 105.0 * tract**2.6 * np.exp(0.15 * random.normal())  # Hz
    syllables_per_second = random.uniform(3.0, 6.5)
    melody, roughness = random.uniform(0.06, 0.25), random.uniform(0.003, 0.015)  # slow and fast, relative to the pitch
    breath = random.uniform(0.01, 0.08)  # amplitude of aspiration, of the voiced part's
    ticks = length * CONTROL_RATE // SAMPLE_RATE + 2
    formants, loudness, consonants = _articulate(random, ticks, tract, syllables_per_second)
    tick_of_sample = np.arange(length) * (CONTROL_RATE / SAMPLE_RATE)
    tick_numbers = np.arange(ticks)
    pitch = mean_pitch * np.exp(melody * slow_curve(random, length, 1.3))
    pitch = pitch * (1.0 + roughness * slow_curve(random, length, 80.0))
    pitch_of_tick = np.interp(tick_numbers * (SAMPLE_RATE / CONTROL_RATE), np.arange(length), pitch)
    aspiration = coloured(random, length, 0.5, lowest=500.0)
    envelope = np.interp(tick_of_sample, tick_numbers, loudness)
    if voiced:
        phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
        sound = np.zeros(length)
        twice_cosine, before, now = 2 * np.cos(phase), np.zeros(length), np.sin(phase)
        for harmonic in range(1, int(HIGHEST_HARMONIC / mean_pitch)):
            hertz = harmonic * pitch_of_tick
            amplitude = loudness * _resonance(hertz, formants) * (1.0 + (hertz / 400.0) ** 2) ** -0.5
            sound += np.interp(tick_of_sample, tick_numbers, amplitude) * now
            before, now = now, twice_cosine * now - before  # sin((h+1)x) = 2 cos(x) sin(hx) - sin((h-1)x)
        sound = unit_level(sound) + breath * aspiration * envelope
    else:
        sound = np.zeros(length)
        for number, centre in enumerate(VOWELS.mean(axis=0) * tract):
            moving = np.exp(0.6 * slow_curve(random, length, syllables_per_second))
            sound += band(random, length, centre, 0.35) * moving * envelope / (number + 1)
        sound = unit_level(sound)
    hiss = band(random, length, random.uniform(3500, 6500), 0.6)
    hissing: Samples = np.interp(tick_of_sample, tick_numbers, consonants)
    return sound + random.uniform(0.2, 0.6) * hiss * hissing


def _articulate(
    random: np.random.Generator, ticks: int, tract: float, syllables_per_second: float
) -> tuple[Samples, Samples, Samples]:
    """Per tick: formants (ticks, 3) in Hz, loudness of the voice (ticks,), loudness of hissed consonants (ticks,)."""
    formants = np.empty((ticks, 3))
    loudness, consonants = np.zeros(ticks), np.zeros(ticks)
    tick = int(random.integers(0, CONTROL_RATE // 2))
    mouth = tract * VOWELS[random.integers(len(VOWELS))]
    formants[:tick] = mouth
    phrase_left = int(random.integers(3, 16))  # syllables until the next breath
    while tick < ticks:
        duration = max(12, round(CONTROL_RATE / syllables_per_second * np.exp(0.3 * random.normal())))
        pause = 0
        phrase_left -= 1
        if phrase_left <= 0:
            phrase_left, pause = int(random.integers(3, 16)), round(CONTROL_RATE * random.uniform(0.2, 1.2))
        vowel = tract * VOWELS[random.integers(len(VOWELS))] * np.exp(0.05 * random.normal(size=3))
        end = min(ticks, tick + duration + pause)
        glide = np.minimum(np.arange(end - tick) / (0.4 * duration), 1.0)[:, None]
        formants[tick:end] = mouth * (1 - glide) + vowel * glide
        onset = int(duration * random.uniform(0.1, 0.35))
        spoken = np.hanning(duration - onset + 2)[1:-1] ** 0.5 * random.uniform(0.4, 1.0)
        _place(loudness, tick + onset, spoken)
        if random.random() < 0.45:
            _place(consonants, tick, np.hanning(onset + 4) * random.uniform(0.3, 1.0))
        mouth, tick = vowel, end
    return formants, loudness, consonants


def _place(curve: Samples, start: int, piece: Samples) -> None:
    fits = piece[: max(0, len(curve) - start)]
    curve[start : start + len(fits)] = fits


def _resonance(hertz: Samples, formants: Samples) -> Samples:
    """hertz (ticks,), formants (ticks, 3) -> amplitude (ticks,): three resonances in a row, Klatt's cascade."""
    gain = np.ones_like(hertz)
    for number, bandwidth in enumerate(BANDWIDTHS):
        centre = formants[:, number]
        gain = gain * centre**2 / np.sqrt((centre**2 - hertz**2) ** 2 + (bandwidth * hertz) ** 2)
    return gain
