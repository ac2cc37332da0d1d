"""The members of the family that are trained for docs/results.md, and one run of one of them."""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from app.files.console import Console
from model import ModelConfig, save_classifier
from model.training import TrainingPlan, clip_figures, clip_probabilities
from scripts.dataset import read_dataset
from scripts.measures.clips import labels_for
from scripts.training.rows import ROWS, configure
from scripts.training.run import begin_run

ANSWER_STRIDE = 8  # of the members that encode a window for every answer: every eighth token is asked


@dataclass(frozen=True)
class Member:
    """One configuration that is trained with every seed."""

    name: str
    row: str  # of ROWS
    config: ModelConfig
    token_stride: int = 1  # frames per token of the encoder

    @property
    def answer_stride(self) -> int:
        return ANSWER_STRIDE if self.config.stacking == "retroactive" else 1


def members(base: ModelConfig | None = None) -> dict[str, Member]:
    """By name: every row with one block and with two, a deep one of four, and lower token rates."""
    fixed = configure("nystrom-fixed", base=base)
    all_of_them = [Member(f"{row}-1", row, configure(row, base=base)) for row in ROWS]
    all_of_them += [Member(f"{row}-2", row, configure(row, 2, "retroactive", base=base)) for row in ROWS]
    all_of_them.append(Member("deep-4", "nystrom-fixed", replace(fixed, blocks=4)))
    for stride in (2, 4):
        config = replace(fixed, window=math.ceil(fixed.window / stride))
        all_of_them.append(Member(f"rate-{stride}", "nystrom-fixed", config, stride))
    return {member.name: member for member in all_of_them}


@dataclass(frozen=True)
class Task:
    """One run, small enough to be sent to another process."""

    member: Member
    seed: int
    epochs: int
    results: Path  # folder of the JSON of every finished run
    work: Path  # folder of weights and checkpoints
    data: argparse.Namespace  # what read_dataset takes
    device: str

    @property
    def path(self) -> Path:
        return self.results / f"{self.member.name}-seed{self.seed}.json"

    @property
    def done(self) -> bool:
        """Whether exactly this has been run."""
        try:
            kept = json.loads(self.path.read_text())
            return bool(kept["asked_for"] == self.asked_for())
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def plan(self) -> TrainingPlan:
        return TrainingPlan(epochs=self.epochs, seed=self.seed, token_stride=self.member.token_stride)

    def asked_for(self) -> dict[str, Any]:
        """All that decides the result besides the data, as JSON has it."""
        asked: dict[str, Any] = json.loads(
            json.dumps({"member": asdict(self.member), "plan": asdict(self.plan()), "data": self._data_name()})
        )
        return asked

    def _data_name(self) -> str:
        return f"{(self.data.data or self.data.audio).name}, {self.data.split_scheme or 'fault-filtered'}"


def perform(task: Task) -> dict[str, Any]:
    """Train on train, measure on valid, write the JSON. Goes on from a checkpoint where there is one.

    Raises DatasetError, TrainingError and OSError.
    """
    torch.set_num_threads(1)
    began = time.monotonic()
    dataset = read_dataset(task.data)
    training, valid = dataset.part("train"), dataset.part("valid")
    member, plan = task.member, task.plan()
    task.work.mkdir(parents=True, exist_ok=True)
    weights = task.work / f"{member.name}-seed{task.seed}.safetensors"
    run = begin_run(training, member.config, plan, task.data.cache, weights, device=torch.device(task.device))
    run.go(Console(quiet=True))
    trainer = run.trainer
    tokens = clip_probabilities(
        trainer.average,
        torch.from_numpy(valid.frames),
        token_stride=member.token_stride,
        answer_stride=member.answer_stride,
    )
    figures = clip_figures(tokens, labels_for(member.config, valid), member.config)
    result = {
        "name": member.name,
        "seed": task.seed,
        "epochs": task.epochs,
        "train_clips": len(training.names),
        "valid_clips": figures["clips"],
        "parameters": sum(parameter.numel() for parameter in trainer.average.parameters()),
        "seconds": round(time.monotonic() - began, 1),
        "asked_for": task.asked_for(),
    } | {key: figures[key] for key in ("accuracy", "accuracy_last", "top2", "log_loss", "ece")}
    save_classifier(trainer.average.cpu(), weights, {"trained_on": f"{len(training.names)} clips", "run": member.name})
    task.results.mkdir(parents=True, exist_ok=True)
    partial = task.path.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=1) + "\n")
    partial.replace(task.path)
    run.checkpoint.unlink(missing_ok=True)
    return result
