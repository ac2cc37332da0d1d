"""What is written as WAV is what was recorded."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from app.live.wav import wav_bytes


def test_a_wav_has_every_sample_and_the_rate() -> None:
    samples = np.array([0, 1, -1, 32767, -32768], np.int16)
    read, rate = soundfile.read(io.BytesIO(wav_bytes(samples, 48_000)), dtype="int16")
    assert rate == 48_000
    np.testing.assert_array_equal(read, samples)
