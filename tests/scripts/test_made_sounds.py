"""Sounds made here: repeatable, apart for training and testing, and each of the kind that it claims to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio import BANDS, SAMPLE_RATE
from scripts import made_sounds
from scripts.made_sounds import KINDS, TEST_ONLY, kept_frames, log_mel_frames, made_frames, make_sound


@pytest.mark.parametrize("kind", KINDS + TEST_ONLY)
def test_a_sound_is_finite_within_range_and_repeated_by_its_seed(kind: str) -> None:
    sound = make_sound(kind, 2.0, seed=3, part="test")
    assert sound.dtype == np.float32
    assert sound.shape == (2 * SAMPLE_RATE,)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1.0
    assert np.array_equal(sound, make_sound(kind, 2.0, seed=3, part="test"))
    if kind != "silence":
        assert sound.std() > 1e-5
        assert not np.array_equal(sound, make_sound(kind, 2.0, seed=4, part="test"))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"silence"}))
def test_training_and_testing_never_get_the_same_sound(kind: str) -> None:
    assert not np.array_equal(make_sound(kind, 1.0, 0, "train"), make_sound(kind, 1.0, 0, "test"))


def test_some_kinds_are_kept_from_training() -> None:
    with pytest.raises(ValueError, match="no sound 'whisper' to train with"):
        make_sound("whisper", 1.0, 0, "train")
    with pytest.raises(ValueError, match="part is 'valid'"):
        make_sound("speech", 1.0, 0, "valid")


def test_speech_has_the_rhythm_of_syllables_and_fan_noise_has_not() -> None:
    """The share of the envelope's fluctuation between 2 and 8 Hz, where the syllables of speech are."""

    def depth(kind: str, seed: int) -> float:
        sound = make_sound(kind, 10.0, seed, "test").astype(np.float64) ** 2
        envelope = sound[: len(sound) // 441 * 441].reshape(-1, 441).mean(axis=1)  # 50 Hz
        spectrum = np.abs(np.fft.rfft(envelope / envelope.mean()))[1:] / len(envelope)
        hertz = np.fft.rfftfreq(len(envelope), 441 / SAMPLE_RATE)[1:]
        return float(np.sqrt(np.sum(spectrum[(hertz > 2) & (hertz < 8)] ** 2)))

    speech = [depth("speech", seed) for seed in range(4)]
    fan = [depth("fan", seed) for seed in range(4)]
    assert min(speech) > 2 * max(fan)


def test_frames_of_many_sounds_come_in_the_order_asked_for() -> None:
    frames = made_frames(("silence", "noise"), each=2, frames=20)
    assert frames.shape == (4, 20, BANDS)
    assert frames.dtype == np.float32
    assert (frames[:2] == -100.0).all()
    seconds = 20 * 1708 / SAMPLE_RATE + 1
    assert np.array_equal(frames[3][:1], made_frames(("noise",), 1, 20, first_seed=1)[0][:1])
    assert len(log_mel_frames(make_sound("noise", seconds, 1))) >= 20


def test_kept_sounds_that_are_damaged_are_made_anew_and_where_none_can_be_kept_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = (("silence", "noise"), 1, 20)
    made = kept_frames(tmp_path, *asked_for)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    spoiled = bytearray(whole)
    spoiled[len(whole) // 2] ^= 1  # in the samples: nothing but the checksum tells
    for damaged in (b"", whole[: len(whole) // 2], b"junk" * 1000, spoiled):
        file.write_bytes(damaged)
        assert np.array_equal(kept_frames(tmp_path, *asked_for), made)
        assert file.read_bytes() == whole
    with monkeypatch.context() as patch:
        patch.delattr(made_sounds, "made_frames")  # what is kept is not made again
        assert np.array_equal(kept_frames(tmp_path, *asked_for), made)
    file.unlink()
    file.mkdir()
    assert np.array_equal(kept_frames(tmp_path, *asked_for), made)
    assert np.array_equal(kept_frames(file / "no" / "folder", *asked_for), made)
    (tmp_path / "a file").write_bytes(b"")
    assert np.array_equal(kept_frames(tmp_path / "a file", *asked_for), made)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([file.name, "a file"])
