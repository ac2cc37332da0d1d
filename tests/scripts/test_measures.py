"""Music through noise, and sounds without music: what is measured is what is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from audio import BANDS, FFT_LENGTH, HOP, SAMPLE_RATE
from model import Classifier, ModelConfig
from scripts import measures
from scripts.dataset import read_pack
from scripts.made_sounds import KINDS, TEST_ONLY
from scripts.measures import accuracy_through_noise, confident_windows, frames_after, mix
from scripts.shifted import shifted
from tests.scripts.gtzan import pack_fields, write_pack

CONFIG = ModelConfig(
    stem_channels=(4, 4, 4, 4), width=16, heads=2, feed_forward=16, window=30, landmark_count=4, level_window=30
)


def certain_of(genre: int, certainty: float) -> Classifier:
    """A classifier that says the same of everything."""
    torch.manual_seed(0)
    classifier = Classifier(CONFIG)
    head = classifier.encoder.head
    head.weight.data.zero_()
    head.bias.data.zero_()
    head.bias.data[genre] = float(np.log(9 * certainty / (1 - certainty)))
    return classifier.for_inference()


@pytest.mark.parametrize("ratio", [20.0, 5.0])
def test_noise_is_added_in_power_at_the_wanted_ratio(ratio: float) -> None:
    random = np.random.default_rng(0)
    music = random.normal(-30, 10, (3, 40, BANDS)).astype(np.float32)
    sounds = random.normal(-60, 5, (2, 40, BANDS)).astype(np.float32)
    mixed = mix(music, sounds, ratio)
    assert mixed.dtype == np.float32
    for index in range(3):
        power = 10 ** (music[index].astype(np.float64) / 10)
        added = 10 ** (mixed[index].astype(np.float64) / 10) - power
        assert 10 * np.log10(power.mean() / added.mean()) == pytest.approx(ratio, abs=0.02)
        shape = 10 ** (sounds[index % 2].astype(np.float64) / 10)
        np.testing.assert_allclose(added / added.mean(), shape / shape.mean(), rtol=0.1, atol=0.02)


def test_every_kind_of_noise_is_measured_at_every_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "NOISES_EACH", 2)
    dataset = read_pack(write_pack(tmp_path / "pack.npz", **pack_fields(clips=10, frames=20)))
    figures = accuracy_through_noise(certain_of(3, 0.9), dataset)
    assert figures == {kind: {"20": 0.1, "10": 0.1, "5": 0.1} for kind in ("stationary", "babble")}


def test_other_equipment_is_fixed_and_half_of_it_has_a_codec_a_loudspeaker_a_room(tmp_path: Path) -> None:
    clap = np.full((80, 60, BANDS), -60.0, np.float32)
    clap[:, 20, :60] = -10.0  # and so far below it in the same frame that no codec of few bits would keep it:
    clap[:, 20, 60:] = -50.0
    dataset = replace(read_pack(write_pack(tmp_path / "pack.npz", **pack_fields(clips=80, frames=60))), frames=clap)
    before = clap.copy()
    other = shifted(dataset)
    assert (shifted(dataset).frames == other.frames).all()
    assert (dataset.frames == before).all()
    assert other.frames.dtype == np.float32
    assert np.isfinite(other.frames).all()
    heard = other.frames
    lost = heard[:, 20, 20] - heard[:, 20, 61] > 60.0
    bass = heard[:, 20, 20] - heard[:, 20, 1] > 15.0
    tail = heard[:, 21, 20] - heard[:, 10, 20] > 20.0
    for effect in (lost, bass, tail):
        assert 25 <= effect.sum() <= 55
    treble = heard[:, 10, 90] - heard[:, 10, 30]
    assert 2.0 < treble.std() < 6.0
    assert (np.diff(heard[:, 10, 110:], axis=1) > -1e-3).all()  # brighter and brighter
    assert 3.0 < np.std(heard[:, :18, 20].mean(axis=1)) < 7.0


@pytest.mark.parametrize(("certainty", "share", "unsure"), [(0.7, 1.0, 0.0), (0.55, 0.0, 0.0), (0.4, 0.0, 1.0)])
def test_windows_without_music_are_counted_by_their_confidence(
    certainty: float, share: float, unsure: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measures, "SOUND_SECONDS", 11.0)
    monkeypatch.setattr(measures, "KINDS", ("silence", "noise"))
    monkeypatch.setattr(measures, "TEST_ONLY", ("wind",))
    figures = confident_windows(certain_of(0, certainty), sounds_each=2)
    assert figures["share"] == share
    assert figures["unsure"] == unsure
    assert figures["by_kind"] == {"silence": share, "noise": share, "wind": share}
    assert figures["windows"] == 5


def test_the_gate_is_tested_with_sounds_that_are_never_trained_on() -> None:
    assert set(TEST_ONLY).isdisjoint(KINDS)
    assert len(TEST_ONLY) >= 3


def test_a_second_has_the_frames_whose_last_sample_has_arrived() -> None:
    for seconds in (1, 3, 5, 10, 30):
        frames = frames_after(seconds)
        assert (frames - 1) * HOP + FFT_LENGTH <= seconds * SAMPLE_RATE < frames * HOP + FFT_LENGTH
