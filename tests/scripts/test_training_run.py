"""A run and its files: what is kept when it is broken off, and how it ends calibrated."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.files.console import Console
from audio import BANDS
from model import Classifier, ModelConfig, save_classifier
from model.training import Epoch, Trainer, TrainingError, TrainingPlan, clip_figures, clip_probabilities
from scripts.dataset import Dataset, DatasetError
from scripts.measures import frames_in
from scripts.training.calibrate import calibrate_with, calibration_of, calibration_on
from scripts.training.family import configure
from scripts.training.run import TrainingRun, fingerprint, training_data
from tests.scripts.gtzan import fill_sound_cache

CONFIG = ModelConfig(
    stem_channels=(4, 4, 4, 4), width=16, heads=2, feed_forward=16, window=30, landmark_count=4, level_window=30
)
PLAN = TrainingPlan(epochs=3, batch=5, crop=20)


def made(clips: int = 20) -> Dataset:
    """A bright stripe per genre; every fifth clip is called another, so that nothing can be certain."""
    random = np.random.default_rng(0)
    genre = np.arange(clips) % 10
    frames = random.normal(-40, 4, (clips, 30, BANDS)).astype(np.float32)
    for clip, index in enumerate(genre):
        frames[clip, :, 12 * index : 12 * index + 10] += 30
    labels = np.where(np.arange(clips) % 5 == 4, (genre + 1) % 10, genre).astype(np.int64)
    names = tuple(f"clip {clip}" for clip in range(clips))
    return Dataset(names, frames, labels, ("valid",) * clips, ("",) * clips, CONFIG.genres)


def run(folder: Path, plan: TrainingPlan = PLAN, dataset: Dataset | None = None) -> TrainingRun:
    data = training_data(dataset or made(), plan, fill_sound_cache(folder, plan))
    torch.manual_seed(0)
    trainer = Trainer(Classifier(CONFIG), data, plan)
    return TrainingRun(trainer, folder / "out.safetensors", fingerprint(data), lambda classifier: (0.5, 1.0), 2)


def test_an_unfinished_run_is_neither_overwritten_nor_continued_with_other_data(tmp_path: Path) -> None:
    run(tmp_path).go(Console(quiet=True))  # its checkpoint stays until the weights are written
    with pytest.raises(TrainingError, match="add --resume"):
        run(tmp_path).take_up(resume=False)
    with pytest.raises(TrainingError, match="another data"):
        run(tmp_path, dataset=made(22)).take_up(resume=True)
    with pytest.raises(TrainingError, match="another plan"):
        run(tmp_path, replace(PLAN, learning_rate=1e-4)).take_up(resume=True)
    same = run(tmp_path)
    same.take_up(resume=True)
    assert same.trainer.finished


def test_the_log_has_a_row_per_epoch_and_goes_on_when_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = Trainer.run_epoch

    def interrupted(trainer: Trainer) -> Epoch:
        if trainer.epoch == 2:
            raise KeyboardInterrupt
        return train(trainer)

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "run_epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path).go(Console(quiet=True))
    again = run(tmp_path)
    again.take_up(resume=True)
    assert again.trainer.epoch == 2
    again.go(Console(quiet=True))
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [row["valid_accuracy"] for row in rows] == ["", "0.5", "0.5"]
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_calibrated_on_valid_says_what_it_then_does_there(tmp_path: Path) -> None:
    valid = made(60)
    trained = run(tmp_path, replace(PLAN, epochs=10, batch=20), dataset=valid)
    trained.go(Console(quiet=True))
    classifier = trained.trainer.average
    frames, labels = torch.from_numpy(valid.frames), torch.from_numpy(valid.labels)
    before = clip_figures(clip_probabilities(classifier, frames), labels, CONFIG)
    calibration = calibration_on(classifier, valid, precision=0.7)
    calibrated, notes = calibrate_with(classifier, calibration), calibration.notes
    after = clip_figures(clip_probabilities(calibrated, frames), labels, calibrated.config)
    assert after["log_loss"] <= before["log_loss"]
    assert notes["valid_log_loss"] == f"{after['log_loss']:.4f}"
    assert notes["valid_sure_precision"] == f"{after['unsure']['precision']:.4f}"
    assert notes["valid_sure_coverage"] == f"{after['unsure']['coverage']:.4f}"


def test_where_all_clips_are_trained_on_calibration_is_that_of_other_weights(tmp_path: Path) -> None:
    example = Classifier(replace(CONFIG, unsure_probability=0.35, unsure_margin=0.2))
    save_classifier(example, tmp_path / "example.safetensors", {"temperature": "2.0"})
    torch.manual_seed(1)
    classifier = Classifier(CONFIG).eval()
    head = classifier.encoder.head.weight.detach().clone()
    calibration = calibration_of(tmp_path / "example.safetensors")
    calibrated = calibrate_with(classifier, calibration)
    torch.testing.assert_close(calibrated.encoder.head.weight, head / 2.0)
    assert (calibrated.config.unsure_probability, calibrated.config.unsure_margin) == (0.35, 0.2)
    assert calibration.notes == {"temperature": "2.0", "calibrated_like": "example.safetensors"}


def test_rows_and_windows_are_chosen_by_name_and_seconds() -> None:
    config = configure("nystrom-continual", blocks=2, window_seconds=10.0, level_seconds=20.0)
    assert (config.attention, config.landmarks, config.blocks) == ("nystrom", "continual", 2)
    assert (config.window, config.level_window) == (129, 258)
    assert frames_in(30.0) == ModelConfig().window


def test_clips_of_one_genre_alone_teach_nothing(tmp_path: Path) -> None:
    dataset = made()
    alike = replace(dataset, labels=np.zeros(20, np.int64))
    with pytest.raises(DatasetError, match="all 20 clips to train on are blues"):
        training_data(alike, PLAN, tmp_path)
