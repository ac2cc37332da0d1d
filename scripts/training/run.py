"""A training run with its files: OUTPUT.checkpoint after every epoch, OUTPUT.csv and OUTPUT.png as it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from app.files.console import Console, clock
from model import Classifier, ModelConfig
from model.training import Trainer, TrainingError, TrainingPlan, load_checkpoint, save_checkpoint
from scripts.dataset import Dataset
from scripts.training.material import fingerprint, material
from scripts.training.record import write_csv, write_plot

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
            row: dict[str, Any] = {
                "epoch": epoch.number,
                "loss": epoch.loss,
                "valid_accuracy": None,
                "valid_log_loss": None,
                "learning_rate": epoch.learning_rate,
                "seconds": round(epoch.seconds, 3),
            }
            looks = self._check is not None and (epoch.number % self._check_every == 0 or trainer.finished)
            if looks and self._check is not None:
                row["valid_accuracy"], row["valid_log_loss"] = self._check(trainer.average)
            self._log.append(row)
            save_checkpoint(trainer, self.checkpoint, self._data, self._log)
            write_csv(self._log, self._output.with_suffix(".csv"))
            if looks or trainer.finished:
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
) -> TrainingRun:
    """A run on a dataset, from its beginning or from its checkpoint. Raises DatasetError, TrainingError and OSError."""
    data = material(dataset, plan, cache_folder)
    torch.manual_seed(plan.seed)
    trainer = Trainer(Classifier(config), data, plan, device, teachers)
    run = TrainingRun(trainer, output, fingerprint(data, teachers), check, check_every)
    run.take_up(resume)
    return run
