"""Single sounds, sums of decaying sines and shaped noise, and the line of time that a piece is laid onto.

Pitches are MIDI note numbers (69 is 440 Hz), lengths seconds. Noise comes from a generator with a fixed seed, so that
the same call always gives the same samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 44_100  # Hz
HIGHEST_HZ = 16_000.0  # no partial above it: nothing folds back at half the sample rate

RMS_DBFS = -20.0  # of every piece: no style is louder than another
LARGEST_PEAK = 0.9
EDGE_SECONDS = 0.02

Sound = NDArray[np.float64]


def hertz(note: float) -> float:
    """The frequency of a MIDI note."""
    return float(440.0 * 2.0 ** ((note - 69.0) / 12.0))


def moments(seconds: float) -> Sound:
    """(n,) times in seconds."""
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def shape(seconds: float, attack: float, release: float) -> Sound:
    """(n,) rises over `attack` and falls over `release` seconds, 1 between."""
    time = moments(seconds)
    return np.clip(np.minimum(time / attack, (seconds - time) / release), 0.0, 1.0)


def partials(note: float, seconds: float, strengths: list[float], decay: float, dulling: float = 0.0) -> Sound:
    """A tone of harmonics; the k-th fades with exp(-(decay + dulling * k) t)."""
    time, base = moments(seconds), hertz(note)
    tone = np.zeros_like(time)
    for number, strength in enumerate(strengths, start=1):
        if number * base < HIGHEST_HZ:
            tone += strength * np.exp(-(decay + dulling * number) * time) * np.sin(2 * np.pi * number * base * time)
    return tone


def pluck(note: float, seconds: float, brightness: float = 1.0) -> Sound:
    """A plucked string: high partials fade first."""
    strengths = [brightness ** (number - 1) / number for number in range(1, 15)]
    return partials(note, seconds, strengths, decay=1.5, dulling=0.9) * shape(seconds, 0.002, 0.03)


def bass(note: float, seconds: float) -> Sound:
    """A finger on an electric bass."""
    return partials(note, seconds, [1.0, 0.6, 0.3, 0.15, 0.08], decay=1.0, dulling=0.8) * shape(seconds, 0.004, 0.03)


def organ(note: float, seconds: float) -> Sound:
    """Drawbars, and nothing fades."""
    return partials(note, seconds, [1.0, 0.7, 0.5, 0.3, 0.0, 0.2, 0.0, 0.15], decay=0.0) * shape(seconds, 0.004, 0.02)


def bowed(note: float, seconds: float, attack: float = 0.05) -> Sound:
    """A bowed string: a saw with vibrato that sets in."""
    time, base = moments(seconds), hertz(note)
    phase = 2 * np.pi * base * time + 0.003 * base * np.sin(2 * np.pi * 5.5 * time) * np.minimum(time / 0.4, 1.0)
    tone = np.zeros_like(time)
    for number in range(1, 24):
        if number * base < HIGHEST_HZ:
            tone += np.sin(number * phase) / number**1.25
    return tone * shape(seconds, attack, 0.08)


def distorted(notes: tuple[float, ...], seconds: float, is_muted: bool) -> Sound:
    """Strings of a guitar through an amplifier driven far too hard; muted by the palm they stop at once."""
    strings = np.zeros_like(moments(seconds))
    for note in notes:
        for detune in (-0.04, 0.05):
            strengths = [1.0 / number for number in range(1, 9)]
            strings += partials(note + detune, seconds, strengths, decay=14.0 if is_muted else 0.6)
    driven = np.tanh(7.0 * strings)
    return lowpass(driven, 4500.0) * shape(seconds, 0.002, 0.015)


def kick(random: np.random.Generator, weight: float = 1.0) -> Sound:
    """A bass drum: a falling sine and the knock of the beater."""
    time = moments(0.32)
    phase = 2 * np.pi * (48.0 * time + 90.0 / 28.0 * (1 - np.exp(-28.0 * time)))
    knock = lowpass(random.normal(size=len(time)), 3000.0) * np.exp(-180.0 * time)
    return np.sin(phase) * np.exp(-11.0 / weight * time) + 0.5 * knock


def snare(random: np.random.Generator) -> Sound:
    """A snare drum: two tones of the skin and the rattle below it."""
    time = moments(0.25)
    skin = np.sin(2 * np.pi * 185 * time) + 0.6 * np.sin(2 * np.pi * 330 * time)
    rattle = np.diff(random.normal(size=len(time)), prepend=0.0)
    return 0.6 * skin * np.exp(-28.0 * time) + 0.55 * rattle * np.exp(-17.0 * time)


def rim(random: np.random.Generator) -> Sound:
    """A stick across the rim."""
    time = moments(0.09)
    return (np.sin(2 * np.pi * 1700 * time) + 0.4 * random.normal(size=len(time))) * np.exp(-75.0 * time)


def clap(random: np.random.Generator) -> Sound:
    """Several hands, not quite together."""
    time = moments(0.22)
    hands = sum(np.exp(-90.0 * np.maximum(time - late, 0)) * (time >= late) for late in (0.0, 0.011, 0.023, 0.034))
    noise = random.normal(size=len(time))
    return np.asarray((noise - lowpass(noise, 900.0)) * hands * np.exp(-9.0 * time))


def hat(random: np.random.Generator, seconds: float = 0.06) -> Sound:
    """A hi-hat, open when long."""
    time = moments(seconds * 2)
    hiss = np.diff(random.normal(size=len(time)), n=2, prepend=[0.0, 0.0])
    return hiss * np.exp(-3.0 / seconds * time)


def cymbal(random: np.random.Generator) -> Sound:
    """A crash."""
    time = moments(1.8)
    return np.diff(random.normal(size=len(time)), prepend=0.0) * np.exp(-2.6 * time)


def lowpass(sound: Sound, limit: float) -> Sound:
    """Dampen what lies above `limit` Hz, softly."""
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum / (1.0 + (frequencies / limit) ** 4), len(sound))


class Score:
    """`beat` is the length of one in seconds; moments are counted in beats from the beginning."""

    def __init__(self, beats: float, beats_per_minute: float, tail: float = 0.8) -> None:
        self.beat = 60.0 / beats_per_minute
        self._samples = np.zeros(round((beats * self.beat + tail) * SAMPLE_RATE))

    def lay(self, beat: float, sound: Sound, gain: float = 1.0) -> None:
        """Add a sound; what reaches over the end is cut."""
        begin = round(beat * self.beat * SAMPLE_RATE)
        room = self._samples[begin : begin + len(sound)]
        room += gain * sound[: len(room)]

    def finish(self, random: np.random.Generator, room_seconds: float, wet: float) -> NDArray[np.float32]:
        """(n,) float32: with so much of a room that rings so long, at the common level, its edges soft."""
        dry = self._samples
        time = moments(room_seconds)
        echo = random.normal(size=len(time)) * np.exp(-6.9 / room_seconds * time) * (time > 0.012)
        length = 1 << (len(dry) + len(echo)).bit_length()
        ringing = np.fft.irfft(np.fft.rfft(dry, length) * np.fft.rfft(echo, length), length)[: len(dry)]
        mixed = dry / rms(dry) + wet * ringing / max(rms(ringing), 1e-9)
        level = 10 ** (RMS_DBFS / 20)
        limited = LARGEST_PEAK * np.tanh(level * mixed / rms(mixed) / LARGEST_PEAK)
        edge = np.minimum(1.0, np.arange(len(dry)) / (EDGE_SECONDS * SAMPLE_RATE))
        made: NDArray[np.float32] = (limited * edge * edge[::-1]).astype(np.float32)
        return made


def rms(sound: Sound) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(sound**2)))
