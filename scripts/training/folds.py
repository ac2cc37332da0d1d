"""Cross-validation by whole artists: the answers to every clip of a model that never heard its artist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from app.files.console import Console
from app.files.output import WholeFile
from model import ModelConfig
from model.training import TrainingPlan, clip_probabilities
from scripts.dataset import Dataset
from scripts.dataset.clips import artist_folds
from scripts.training.run import begin_run


class Folds:
    """The folds of a dataset, kept in a folder: one that is there is not trained again, one broken off goes on."""

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
        self._fold_of = artist_folds(dataset, count, plan.seed)
        self.count = count
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def missing(self) -> list[int]:
        """Those that are still to be trained, counted from 0."""
        return [fold for fold in range(self.count) if not self._path(fold).exists()]

    def train(self, fold: int, console: Console) -> None:
        """Train on all others, and keep the answers to the clips of this one. Raises as begin_run and go do."""
        console.note(f"fold {fold + 1} of {self.count}")
        out = self._fold_of == fold
        training = self._dataset.take(np.flatnonzero(~out).tolist())
        checked = self._dataset.take(np.flatnonzero(out).tolist())
        run = begin_run(training, self._config, self._plan, self._cache_folder, self._folder / f"fold-{fold}")
        run.go(console)
        answers = clip_probabilities(run.trainer.average, torch.from_numpy(checked.frames))
        with WholeFile(self._path(fold), binary=True) as whole:
            np.save(whole.stream, answers.numpy())
            whole.commit()
        run.checkpoint.unlink(missing_ok=True)

    def answers(self) -> tuple[Tensor, Tensor]:
        """(N, T, G) probabilities for the clips in their order, and (N,) the fold of each. Raises OSError."""
        answers: Tensor | None = None
        for fold in range(self.count):
            of_fold = torch.from_numpy(np.load(self._path(fold)))
            if answers is None:
                answers = of_fold.new_empty(len(self._fold_of), *of_fold.shape[1:])
            answers[torch.from_numpy(self._fold_of == fold)] = of_fold
        assert answers is not None
        return answers, torch.from_numpy(self._fold_of)

    def _path(self, fold: int) -> Path:
        return self._folder / f"fold-{fold}.npy"
