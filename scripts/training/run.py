"""A training run with its files: OUTPUT.checkpoint after every epoch, OUTPUT.csv and OUTPUT.png as it goes."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.files.console import Console
from app.files.output import WholeFile
from app.text import clock
from audio.logmel import band_edges
from model import GTZAN_GENRES, Classifier, ModelConfig
from model.training import (
    Augmenter,
    Trainer,
    TrainingData,
    TrainingError,
    TrainingPlan,
    load_checkpoint,
    one_hot,
    save_checkpoint,
    with_genres,
)
from scripts.dataset import Dataset, DatasetError
from scripts.dataset.clips import FAULT_FILTERED
from scripts.made_sounds import BACKGROUND, KINDS, kept_frames

BACKGROUNDS_EACH = 6
OUTLIERS = dict.fromkeys(KINDS, 24) | {"anything": 200, "speech": 100}  # of each kind, no two of which are alike
OUTLIER_SEED = 1000  # other sounds than those that music is heard through
FIELDS = ("epoch", "loss", "valid_accuracy", "valid_log_loss", "learning_rate", "seconds")

Check = Callable[[Classifier], tuple[float, float]]  # accuracy and log-loss on valid


class TrainingRun:
    """`go` trains to the end; broken off, the same run with `resume` goes on from the last whole epoch."""

    def __init__(self, trainer: Trainer, output: Path, data: str, check: Check | None, check_every: int) -> None:
        self.trainer = trainer
        self.checkpoint = output.with_suffix(".checkpoint")
        self._output = output
        self._data = data
        self._check = check
        self._check_every = check_every
        self._log: list[dict[str, Any]] = []

    def take_up(self, resume: bool) -> None:
        """Go on from the checkpoint, or see that there is none. Raises TrainingError."""
        if resume and self.checkpoint.exists():
            self._log = load_checkpoint(self.trainer, self.checkpoint, self._data)
        elif self.checkpoint.exists():
            raise TrainingError(
                f"{self.checkpoint} is a run that was broken off: add --resume to go on with it, or delete it"
            )

    def go(self, console: Console) -> None:
        """Raises TrainingError and OSError; whatever ends it, the last whole epoch is kept."""
        trainer = self.trainer
        while not trainer.finished:
            epoch = trainer.run_epoch()
            check = self._check if trainer.finished or epoch.number % self._check_every == 0 else None
            found = (None, None) if check is None else check(trainer.average)
            values = (epoch.number, epoch.loss, *found, epoch.learning_rate, round(epoch.seconds, 3))
            row = dict(zip(FIELDS, values, strict=True))
            self._log.append(row)
            save_checkpoint(trainer, self.checkpoint, self._data, self._log)
            write_csv(self._log, self._output.with_suffix(".csv"))
            if check is not None or trainer.finished:
                write_plot(self._log, self._output.with_suffix(".png"))
                console.note(self._describe(row))
            console.progress(epoch.number / trainer.plan.epochs, f"loss {epoch.loss:.3f}")
        console.clear()

    def _describe(self, row: dict[str, Any]) -> str:
        epochs = self.trainer.plan.epochs
        mean = sum(each["seconds"] for each in self._log) / len(self._log)
        said = f"epoch {row['epoch']:3d}/{epochs}  loss {row['loss']:.3f}"
        if row["valid_accuracy"] is not None:
            said += f"  valid: accuracy {row['valid_accuracy']:.3f}, log-loss {row['valid_log_loss']:.3f}"
        return f"{said}  {clock(mean * (epochs - row['epoch']))} left"


def begin_run(
    dataset: Dataset,
    config: ModelConfig,
    plan: TrainingPlan,
    cache_folder: Path,
    output: Path,
    check: Check | None = None,
    check_every: int = 1,
    device: torch.device | None = None,
    teachers: Sequence[Classifier] = (),
    resume: bool = True,
    learned: Classifier | None = None,
) -> TrainingRun:
    """A run on a dataset, from its beginning or from its checkpoint.

    learned: what it begins with, but for the genres. Raises DatasetError, TrainingError and OSError.
    """
    for what, genres in (("model", config.genres), *(("teacher", teacher.config.genres) for teacher in teachers)):
        if genres != dataset.genres:
            raise DatasetError(f"the data have the genres {', '.join(dataset.genres)}; the {what} {', '.join(genres)}")
    data = training_data(dataset, plan, cache_folder)
    torch.manual_seed(plan.seed)
    classifier = Classifier(config) if learned is None else with_genres(learned, config)
    trainer = Trainer(classifier, data, plan, device, teachers)
    others = [*teachers] if learned is None else [*teachers, learned]
    run = TrainingRun(trainer, output, fingerprint(data, others), check, check_every)
    run.take_up(resume)
    return run


def run_notes(dataset: Dataset, parts: str, plan: TrainingPlan, scheme: str | None = None) -> dict[str, str]:
    """What is kept with the weights of a run on these parts of a split (None: the default of these data)."""
    by_default = FAULT_FILTERED if dataset.genres == GTZAN_GENRES else "by artist"
    return {
        "trained_on": f"{len(dataset.names)} clips: {parts} of the split {scheme or by_default}",
        "epochs": str(plan.epochs),
        "seed": str(plan.seed),
    }


def training_data(dataset: Dataset, plan: TrainingPlan, cache_folder: Path) -> TrainingData:
    """Tensors, and pools of made sounds. Raises DatasetError where all clips are of one genre."""
    if len(set(dataset.labels.tolist())) < 2:
        raise DatasetError(f"all {len(dataset.names)} clips to train on are {dataset.genres[dataset.labels[0]]}")
    frames, bands, outliers = pool_frames(plan), dataset.frames.shape[2], None
    if plan.outlier_share:
        sounds = [kept_frames(cache_folder, (kind,), each, frames, OUTLIER_SEED) for kind, each in OUTLIERS.items()]
        outliers = torch.from_numpy(np.concatenate(sounds))
    return TrainingData(
        clips=torch.from_numpy(dataset.frames),
        targets=one_hot(torch.from_numpy(dataset.labels), len(dataset.genres)),
        band_hz=torch.from_numpy(band_edges()[1 : bands + 1]).float(),
        backgrounds=torch.from_numpy(kept_frames(cache_folder, BACKGROUND, BACKGROUNDS_EACH, frames)),
        outliers=outliers,
    )


def pool_frames(plan: TrainingPlan) -> int:
    """How long a made sound must be, and some to begin at different places."""
    return math.ceil(plan.crop * (1.0 + Augmenter.tempo)) + 64


def fingerprint(data: TrainingData, classifiers: Sequence[Classifier] = ()) -> str:
    """Of all numbers that are learned from: a run that goes on must go on with the same."""
    digest = hashlib.blake2b(digest_size=16)
    numbers = [getattr(data, field.name) for field in fields(data)]
    for classifier in classifiers:
        numbers += classifier.state_dict().values()
    for value in numbers:
        if isinstance(value, Tensor):
            digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def write_csv(log: list[dict[str, Any]], path: Path) -> None:
    """A row per epoch, written anew. Raises OSError."""
    with WholeFile(path) as whole:
        writer = csv.DictWriter(whole.stream, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(log)
        whole.commit()


def write_plot(log: list[dict[str, Any]], path: Path) -> None:
    """Loss and log-loss on the left, accuracy on valid on the right. Raises OSError."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    losses, accuracies = figure.subplots(1, 2)
    looked = [row for row in log if row["valid_accuracy"] is not None]
    losses.plot([row["epoch"] for row in log], [row["loss"] for row in log], label="loss, augmented clips")
    losses.set(xlabel="epoch", ylabel="nats")
    if looked:
        epochs = [row["epoch"] for row in looked]
        losses.plot(epochs, [row["valid_log_loss"] for row in looked], marker=".", label="log-loss, valid")
        accuracies.plot(epochs, [100 * row["valid_accuracy"] for row in looked], marker=".", color="C1")
    accuracies.set(xlabel="epoch", ylabel="accuracy on valid, %", ylim=(0, 100))
    losses.legend()
    for axes in (losses, accuracies):
        axes.grid(alpha=0.3)
    with WholeFile(path, binary=True) as whole:
        figure.savefig(whole.stream, dpi=120, format="png")
        whole.commit()
