"""Cross-validation: whole artists in every fold, calibration from answers out of fold, taken over by train.py."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from audio import BANDS
from model import Classifier, ModelConfig, read_notes
from scripts.dataset import Dataset
from scripts.dataset.clips import artist_folds
from scripts.training.calibrate import calibrate_with, calibration_out_of_fold, read_calibration
from tests.scripts.gtzan import fill_sound_cache, pack_fields, script, write_pack

CONFIG = ModelConfig(stem_channels=(4, 4, 4, 4), width=16, heads=2, feed_forward=16, window=30, landmark_count=4)


def clips_of(artists: tuple[str, ...], genres: int = 2) -> Dataset:
    count = len(artists)
    labels = np.arange(count, dtype=np.int64) % genres
    names = tuple(f"{CONFIG.genres[label]}.{clip:05d}" for clip, label in enumerate(labels))
    frames = np.zeros((count, 2, BANDS), np.float32)
    return Dataset(names, frames, labels, ("train",) * count, artists, CONFIG.genres)


@pytest.mark.parametrize("genres", [1, 2])
def test_an_artist_is_in_one_fold_and_folds_are_about_equal(genres: int) -> None:
    """Also one whose clips are of two genres."""
    dataset = clips_of(tuple(f"artist {clip // 6}" if clip < 60 else "" for clip in range(80)), genres)
    fold_of = artist_folds(dataset, 4, seed=3)
    for artist in range(10):
        assert len(set(fold_of[6 * artist : 6 * artist + 6])) == 1
    assert sorted(np.bincount(fold_of))[0] >= 18
    assert (fold_of == artist_folds(dataset, 4, seed=3)).all()
    assert (fold_of != artist_folds(dataset, 4, seed=4)).any()


def shy_answers(clips: int = 600) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Answers of a model that underrates three genres and is too sure: (N, T, G), labels, folds."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(clips, 1, 10, generator=generator)
    labels = torch.multinomial(torch.softmax(2.0 * logits[:, 0], dim=-1), 1, generator=generator).squeeze(1)
    logits = 5.0 * logits
    logits[..., 7:] -= 3.0
    return torch.softmax(logits, dim=-1), labels, torch.arange(clips) % 4


def test_what_is_fitted_out_of_fold_makes_answers_better_and_honest() -> None:
    found = calibration_out_of_fold(*shy_answers(), CONFIG, precision=0.8)
    figures = found["figures"]
    assert found["temperature"] == pytest.approx(2.5, rel=0.2)
    assert min(found["offsets"][7:]) > max(found["offsets"][:7]) + 0.1
    assert figures["accuracy"] >= figures["accuracy_uncalibrated"]
    assert figures["log_loss"] < figures["log_loss_uncalibrated"] - 0.2
    assert figures["ece"] < 0.08
    assert figures["sure_precision"] >= 0.8


def test_a_calibration_is_folded_into_the_head(tmp_path: Path) -> None:
    found = calibration_out_of_fold(*shy_answers(), CONFIG, precision=0.8)
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(found))
    torch.manual_seed(0)
    classifier = Classifier(CONFIG).eval()
    frames = torch.randn(2, 9, BANDS) - 40.0
    before = classifier(frames)
    changed = calibrate_with(classifier, read_calibration(path))
    expected = before / found["temperature"] + torch.tensor(found["offsets"]).float()
    torch.testing.assert_close(changed(frames), expected)
    rule = found["unsure"]
    assert changed.config == replace(CONFIG, unsure_probability=rule["probability"], unsure_margin=rule["margin"])


def test_a_file_that_is_no_calibration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text('{"temperature": 1.0}')
    with pytest.raises(ValueError, match=r"no calibration; scripts/cross_validate\.py writes one"):
        read_calibration(path)


def test_a_bad_calibration_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text("[]")
    pack, output = write_pack(tmp_path / "pack.npz"), tmp_path / "all.safetensors"
    refused = script("train.py", "--data", pack, "--calibration", path, "--output", output)
    assert refused.returncode == 1
    assert f"{path} is no calibration" in refused.stderr
    assert "clips to train on" not in refused.stderr
    assert sorted(tmp_path.iterdir()) == [path, pack]


def test_folds_are_trained_once_and_train_takes_their_calibration(tmp_path: Path) -> None:
    pack, folder = write_pack(tmp_path / "pack.npz", **pack_fields(frames=60)), tmp_path / "folds"
    common = ("--data", pack, "--cache", fill_sound_cache(tmp_path), "--epochs", 1, "--threads", 1)
    validate = ("cross_validate.py", *common, "--folder", folder, "--folds", 2)
    first = script(*validate, "--only", 1)
    assert first.returncode == 0, first.stderr
    assert "still to train: folds 0" in first.stderr
    both = script(*validate)
    assert both.returncode == 0, both.stderr
    assert "fold 2 of 2" not in both.stderr
    calibration = json.loads(both.stdout)
    assert calibration["figures"]["clips"] == 40
    out_of_fold = script(
        "evaluate.py", "--data", pack, "--split-list", folder / "folds.csv", "--split", "fold-1", "--json",
        "--weights", folder / "fold-1.safetensors",
    )  # fmt: skip
    assert out_of_fold.returncode == 0, out_of_fold.stderr
    assert json.loads(out_of_fold.stdout)["clips"] == 20

    weights = tmp_path / "all.safetensors"
    trained = script(
        "train.py", *common, "--train-on", "train+valid", "--calibration", folder / "calibration.json",
        "--output", weights,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    assert json.loads(read_notes(weights)["cross_validation"])["clips"] == 40
