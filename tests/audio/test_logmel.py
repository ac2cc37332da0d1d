"""Streaming log-mel frames are librosa's, whatever the chunks."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from audio import BANDS, FFT_LENGTH, FLOOR_POWER, HOP, SAMPLE_RATE, StreamingLogMel, frame_flops, frame_levels
from audio.front_end import BANK_BANDS
from audio.logmel import hz_to_mel, slaney_bank
from tests.audio.signals import chunks, music


def test_frames_are_those_of_librosa_from_the_second_band_up() -> None:
    sound = music(5)
    power = librosa.feature.melspectrogram(
        y=sound.astype(np.float64),
        sr=SAMPLE_RATE,
        n_fft=FFT_LENGTH,
        hop_length=HOP,
        n_mels=BANK_BANDS,
        center=False,
    )
    expected = librosa.power_to_db(power, ref=1.0, amin=FLOOR_POWER, top_db=None).T[:, :BANDS]
    frames = StreamingLogMel().push(sound)
    assert frames.shape == expected.shape
    np.testing.assert_allclose(frames[:, 1:], expected[:, 1:], rtol=0, atol=1e-4)


@pytest.mark.parametrize("offset", [0.9, -0.25])
def test_a_steady_offset_changes_nothing(offset: float) -> None:
    """But for the rounding of float32 samples near 1: its noise is 60 dB below the quietest that is compared."""
    sound = music(5)
    plain = StreamingLogMel().push(sound)
    moved = StreamingLogMel().push(sound + np.float32(offset))
    audible = plain > -50
    assert audible.mean() > 0.8
    np.testing.assert_allclose(moved[audible], plain[audible], rtol=0, atol=0.02)
    still = StreamingLogMel().push(np.full(FFT_LENGTH, offset, np.float32))
    np.testing.assert_array_equal(still, np.full((1, BANDS), -100, np.float32))


def test_the_lowest_band_is_that_of_the_samples_less_their_mean_under_the_window() -> None:
    sound = music(5).astype(np.float64)
    window = np.hanning(FFT_LENGTH + 1)[:-1]
    pieces = np.lib.stride_tricks.sliding_window_view(sound, FFT_LENGTH)[::HOP]
    level = pieces - (pieces @ window / window.sum())[:, None]
    powers = np.abs(np.fft.rfft(window * level)) ** 2 @ slaney_bank().T.astype(np.float64)
    expected = 10 * np.log10(np.maximum(powers, FLOOR_POWER))
    np.testing.assert_allclose(StreamingLogMel().push(music(5)), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("sizes", [[1], [17], [1024], [4096], [HOP], [FFT_LENGTH], [5, 1, 3000, 7, 512]])
def test_every_chunking_gives_the_same_bits(sizes: list[int]) -> None:
    sound = music(2)
    whole = StreamingLogMel().push(sound)
    stream = StreamingLogMel()
    pieces = np.concatenate([stream.push(chunk) for chunk in chunks(sound, sizes)])
    np.testing.assert_array_equal(pieces, whole)


def test_a_frame_comes_with_its_last_sample_and_not_before() -> None:
    stream = StreamingLogMel()
    sound = music(1)
    last_samples = [FFT_LENGTH + frame * HOP for frame in range(4)]
    arrived = [index + 1 for index in range(last_samples[-1]) if len(stream.push(sound[index : index + 1]))]
    assert arrived == last_samples


@pytest.mark.parametrize("offset", [0.0, 0.5])
@pytest.mark.parametrize("dbfs", [-20.0, -60.0, -90.0])
def test_frames_know_how_loud_the_sound_is(dbfs: float, offset: float) -> None:
    random = np.random.default_rng(0)
    sounds = [random.normal(size=SAMPLE_RATE)] + [
        np.sqrt(2) * np.sin(2 * np.pi * hertz * np.arange(SAMPLE_RATE) / SAMPLE_RATE) for hertz in (50, 440, 7000)
    ]
    for sound in sounds:
        levels = frame_levels(StreamingLogMel().push((10 ** (dbfs / 20) * sound + offset).astype(np.float32)))
        np.testing.assert_allclose(levels, dbfs, rtol=0, atol=1.5)  # a fifth of white noise lies above the bands


def test_silence_lies_on_the_floor() -> None:
    frames = StreamingLogMel().push(np.zeros(FFT_LENGTH, np.float32))
    np.testing.assert_array_equal(frames, np.full((1, BANDS), -100, np.float32))
    assert frame_levels(frames)[0] < -115


def test_the_filter_bank_is_librosa_s() -> None:
    expected = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT_LENGTH, n_mels=BANK_BANDS)[:BANDS]
    np.testing.assert_allclose(slaney_bank(), expected, rtol=1e-6, atol=1e-12)


def test_the_operations_of_a_frame_are_those_of_its_parts() -> None:
    bins = FFT_LENGTH // 2 + 1
    bank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT_LENGTH, n_mels=BANK_BANDS)[:BANDS]
    transform = 2.5 * FFT_LENGTH * np.log2(FFT_LENGTH)
    expected = FFT_LENGTH + transform + 2 + 3 * bins + 2 * np.count_nonzero(bank) + 3 * BANDS
    assert frame_flops() == expected


def test_training_frames_are_what_we_hear(shared_folder: Path) -> None:
    """A training frame is centred on a multiple of 512 samples, known to within two: the nearest frame
    counts.
    """
    pack = np.load(shared_folder / "gtzan" / "logmel_train_valid.npz")
    names, levels = list(pack["clip"]), pack["mel"][:, :, :BANDS]
    audio_files = sorted((shared_folder / "gtzan" / "audio").glob("*.flac"))
    errors = []
    for path in [path for path in audio_files if path.stem in names][::12]:
        index = names.index(path.stem)
        highest, extent = pack["max_db"][index], pack["range_db"][index]
        sound, _ = soundfile.read(path, dtype="float32")
        centred = np.pad(sound, FFT_LENGTH // 2)
        for frame in range(0, 387, 40):
            packed = levels[index, frame] / 255 * extent + highest - extent
            middle = int((frame + 0.5) * (len(sound) // 512) / 387)
            candidates = [centred[512 * near :][:FFT_LENGTH] for near in range(middle - 2, middle + 3)]
            heard = np.concatenate([StreamingLogMel().push(samples) for samples in candidates])
            errors.append(np.abs(np.maximum(heard, highest - extent) - packed).mean(axis=1).min())
    assert len(errors) >= 30
    assert np.median(errors) < 0.1
    assert np.max(errors) < 0.5


def test_the_mel_scale_is_librosa_s() -> None:
    frequencies = [0.0, 20.0, 500.0, 999.9, 1000.0, 4000.0, SAMPLE_RATE / 2]
    np.testing.assert_allclose([hz_to_mel(hz) for hz in frequencies], librosa.hz_to_mel(frequencies), rtol=1e-12)
