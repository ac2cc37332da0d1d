"""Cross-validation by whole artists: the answers to every clip of a model that never heard its artist."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from app.files.console import Console
from app.files.output import WholeFile
from model import ModelConfig, load_for_training, save_classifier
from model.training import TrainingPlan, clip_probabilities
from scripts.dataset import Dataset
from scripts.dataset.clips import artist_folds
from scripts.training.run import begin_run, run_notes


class Folds:
    """The folds of a dataset, kept in a folder: one that is there is not trained again, one broken off goes on.

    FOLDER/fold-0.safetensors has the weights that never heard fold 0, not calibrated, and FOLDER/folds.csv which clip
    is in which: evaluate.py and streams.py take both.
    """

    def __init__(
        self,
        dataset: Dataset,
        config: ModelConfig,
        plan: TrainingPlan,
        folder: Path,
        cache_folder: Path,
        count: int = 4,
    ) -> None:
        self._dataset, self._config, self._plan = dataset, config, plan
        self._folder, self._cache_folder = folder, cache_folder
        self.of_clip = artist_folds(dataset, count, plan.seed)  # (N,)
        self.count = count
        folder.mkdir(parents=True, exist_ok=True)
        with WholeFile(folder / "folds.csv") as whole:
            writer = csv.writer(whole.stream, lineterminator="\n")
            writer.writerow(("clip", "split"))
            writer.writerows((name, f"fold-{fold}") for name, fold in zip(dataset.names, self.of_clip, strict=True))
            whole.commit()

    @property
    def missing(self) -> list[int]:
        """Those that are still to be trained, counted from 0."""
        return [fold for fold in range(self.count) if not self._path(fold).exists()]

    def train(self, fold: int, console: Console) -> None:
        """Train on the clips of all others. Raises as begin_run and go do."""
        console.note(f"fold {fold + 1} of {self.count}")
        training = self._dataset.take(np.flatnonzero(self.of_clip != fold).tolist())
        run = begin_run(training, self._config, self._plan, self._cache_folder, self._path(fold))
        run.go(console)
        save_classifier(
            run.trainer.average.cpu(), self._path(fold), run_notes(training, f"all but fold {fold}", self._plan)
        )
        run.checkpoint.unlink(missing_ok=True)

    def answers(self) -> Tensor:
        """(N, T, G) probabilities for every clip, of the weights that never heard its artist. Raises WeightsError."""
        clips, frames, _ = self._dataset.frames.shape
        answers = torch.empty(clips, frames, len(self._config.genres))
        for fold in range(self.count):
            chosen = torch.from_numpy(self.of_clip == fold)
            heard = torch.from_numpy(self._dataset.frames)[chosen]
            answers[chosen] = clip_probabilities(load_for_training(self._path(fold)), heard)
        return answers

    def _path(self, fold: int) -> Path:
        return self._folder / f"fold-{fold}.safetensors"
