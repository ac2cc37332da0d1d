"""Recording is off until it is wanted, bounded, true in time, and forgotten by nothing but a wish."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from app.live.recording import KEPT_SECONDS, Recorder, to_integers, wav_bytes
from audio import Block

RATE = 100


def block(start: int, count: int, value: float = 0.5) -> Block:
    return Block(np.full(count, value, np.float32), start)


def test_nothing_is_kept_unless_it_is_switched_on() -> None:
    recorder = Recorder()
    recorder.push(block(0, 50), RATE)
    assert not recorder.is_on
    assert recorder.seconds == 0
    assert recorder.samples()[1] == 0


def test_samples_come_back_as_they_were_and_losses_are_silence() -> None:
    recorder = Recorder()
    recorder.switch(True)
    recorder.push(block(40, 10), RATE)
    recorder.push(block(70, 10, -1.5), RATE)  # 20 samples were lost
    samples, rate = recorder.samples()
    assert rate == RATE
    assert recorder.seconds == pytest.approx(0.4)
    np.testing.assert_array_equal(samples, [16384] * 10 + [0] * 20 + [-32768] * 10)


def test_memory_is_bounded_to_the_last_minutes() -> None:
    recorder = Recorder()
    recorder.switch(True)
    for start in range(0, 100_000, 40):
        recorder.push(block(start, 40, start / 1e6), RATE)
    samples, _ = recorder.samples()
    assert KEPT_SECONDS * RATE <= len(samples) < KEPT_SECONDS * RATE + 40
    assert samples[-1] == round((100_000 - 40) / 1e6 * 32767)


def test_another_run_goes_on_behind_the_last_one_at_any_rate() -> None:
    recorder = Recorder()
    recorder.switch(True)
    recorder.push(block(0, 100), RATE)
    recorder.push(block(0, 100, -0.25), RATE)
    recorder.push(block(500, 100, 0.25), 2 * RATE)  # its first samples were lost before anything was recorded
    assert recorder.seconds == pytest.approx(2.5)
    samples, rate = recorder.samples()
    assert (len(samples), rate) == (500, 2 * RATE)
    for middle, value in ((100, 0.5), (300, -0.25), (450, 0.25)):
        np.testing.assert_allclose(samples[middle - 20 : middle + 20], value * 32767, rtol=0.02)


def test_what_is_kept_stays_until_it_is_forgotten_and_is_unsaved_until_it_is_saved() -> None:
    recorder = Recorder()
    assert recorder.is_saved
    recorder.switch(True)
    recorder.push(block(0, 10), RATE)
    recorder.switch(False)
    recorder.push(block(10, 50), RATE)
    recorder.switch(True)
    recorder.push(block(60, 10), RATE)
    assert len(recorder.samples()[0]) == 20
    assert not recorder.is_saved
    recorder.forget()
    assert (len(recorder.samples()[0]), recorder.seconds, recorder.is_saved, recorder.is_on) == (0, 0.0, True, True)


def test_a_wav_has_every_sample_and_the_rate() -> None:
    samples = np.array([0, 1, -1, 32767, -32768], np.int16)
    read, rate = soundfile.read(io.BytesIO(wav_bytes(samples, 48_000)), dtype="int16")
    assert rate == 48_000
    np.testing.assert_array_equal(read, samples)


def test_what_is_no_sound_is_recorded_as_silence_and_what_is_too_loud_is_cut() -> None:
    samples = np.array([np.nan, -np.inf, 3e38, 5.0, -5.0, 0.5], np.float32)
    assert to_integers(samples).tolist() == [0, 0, 0, 32767, -32768, 16384]
