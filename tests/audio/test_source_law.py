"""The source law: the same sound gives the same frames, however it comes and at whatever rate.

At the model's own rate the frames are equal bit for bit. At another rate they are compared with those of the
original: a band-limited sound at 22 050 Hz whose other versions are made from its exact spectrum, every frame
of it, every band that the other rate can carry, wherever the original is 40 dB or more above the floor.
"""

from __future__ import annotations

import math
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from audio import BANDS, SAMPLE_RATE, FileSource, LivePacedSource
from audio.front_end import BANK_BANDS
from audio.ring import SampleRing
from audio.source import Mixer
from tests.audio.signals import at_rate, chunks, frames_from, frames_of, music

BAND_EDGES = librosa.mel_frequencies(BANK_BANDS + 2, fmin=0, fmax=SAMPLE_RATE / 2)[: BANDS + 2]
CARRIED = 0.91  # of half a rate below ours: soxr's own low-pass begins to fall there


@pytest.mark.parametrize("block", [1, 17, 1024, 4096, 20_000])
def test_the_same_bits_from_a_file_at_live_pace_and_through_the_ring(tmp_path: Path, block: int) -> None:
    sound = music(3)
    path = tmp_path / "sound.wav"
    soundfile.write(path, sound, SAMPLE_RATE, subtype="FLOAT")
    with FileSource(path) as source:
        from_file = frames_from(source)
    with LivePacedSource(FileSource(path), speed=math.inf) as source:
        live = frames_from(source)
    ring = SampleRing(capacity=20_000, channels=2)
    through_ring = []
    for captured in chunks(sound, [block]):
        ring.write(np.stack([captured, captured], axis=1))
        samples, _, dropped = ring.read()
        assert dropped == 0
        through_ring.append(Mixer().mix(samples))
    from_ring = frames_of(np.concatenate(through_ring), SAMPLE_RATE, [block])
    assert len(from_file) == (len(sound) - 2048) // 1708 + 1
    np.testing.assert_array_equal(live, from_file)
    np.testing.assert_array_equal(from_ring, from_file)


@pytest.mark.parametrize("rate", [8_000, 16_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000, 384_000])
def test_every_rate_gives_the_same_frames_within_a_tenth_of_a_decibel(tmp_path: Path, rate: int) -> None:
    sound = music(10)
    original = frames_of(sound, SAMPLE_RATE)
    path = tmp_path / "sound.wav"
    soundfile.write(path, at_rate(sound, rate), rate, subtype="FLOAT")
    with FileSource(path) as source:
        frames = frames_from(source)
    carried = BAND_EDGES[2:] <= (CARRIED * rate / 2 if rate < SAMPLE_RATE else SAMPLE_RATE / 2)
    audible = (original > -60) & carried
    assert np.count_nonzero(carried) == {8_000: 86, 16_000: 112}.get(rate, BANDS)
    assert np.mean(audible[:, carried]) > 0.9
    assert len(frames) == len(original)
    assert np.abs(frames - original)[audible].max() < 0.1
