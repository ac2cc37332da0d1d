"""The models that are trained for docs/results.md, and one run of one of them.

Each is a continual model and, with the same weights and answers, its window twin.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from app.files.console import Console
from app.files.output import WholeFile
from app.text import to_json
from model import ModelConfig, save_classifier
from model.training import TrainingPlan, clip_figures, clip_probabilities
from scripts.dataset import read_dataset
from scripts.measures import frames_in, labels_for
from scripts.training.run import begin_run

ANSWER_STRIDE = 8  # of the members that encode a window for every answer: every eighth token is asked


@dataclass(frozen=True)
class Attention:
    """One kind of attention, by the names of its two models, and what a configuration calls it."""

    continual: str
    window: str
    attention: str
    landmarks: str = "fixed"


ATTENTIONS = {
    "softmax": Attention("Continual Transformer", "Transformer", "softmax"),
    "nystrom-continual": Attention("Continual Nystrom, continual landmarks", "Nystromformer", "nystrom", "continual"),
    "nystrom-fixed": Attention("Continual Nystrom, fixed landmarks", "Nystrom window, fixed landmarks", "nystrom"),
    "gaussian": Attention("Continual Gaussian attention", "Gaussian attention on a window", "gaussian"),
}
COMPARED = ("softmax", "nystrom-continual", "nystrom-fixed")  # in docs/results.md


def configure(
    attention: str | None,
    blocks: int | None = None,
    stacking: str | None = None,
    window_seconds: float | None = None,
    level_seconds: float | None = None,
    base: ModelConfig | None = None,
) -> ModelConfig:
    """The configuration that ships (or `base`) with one of ATTENTIONS, and what else is not None. Raises ValueError."""
    base = base or ModelConfig()
    if attention is not None:
        base = replace(base, attention=ATTENTIONS[attention].attention, landmarks=ATTENTIONS[attention].landmarks)
    return replace(
        base,
        blocks=base.blocks if blocks is None else blocks,
        stacking=base.stacking if stacking is None else stacking,
        window=base.window if window_seconds is None else frames_in(window_seconds),
        level_window=base.level_window if level_seconds is None else frames_in(level_seconds),
    )


@dataclass(frozen=True)
class Member:
    """One configuration that is trained with every seed."""

    name: str
    row: str  # of ATTENTIONS
    config: ModelConfig

    @property
    def answer_stride(self) -> int:
        return ANSWER_STRIDE if self.config.stacking == "retroactive" else 1


def members(base: ModelConfig | None = None) -> dict[str, Member]:
    """By name: every kind of attention that is compared, with one block and with two, and a deep one of four."""
    family = [Member(f"{kind}-1", kind, configure(kind, base=base)) for kind in COMPARED]
    family += [Member(f"{kind}-2", kind, configure(kind, 2, "retroactive", base=base)) for kind in COMPARED]
    family.append(Member("deep-4", "nystrom-fixed", configure("nystrom-fixed", 4, base=base)))
    return {member.name: member for member in family}


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
    def name(self) -> str:
        return f"{self.member.name}-seed{self.seed}"

    @property
    def path(self) -> Path:
        return self.results / f"{self.name}.json"

    @property
    def plan(self) -> TrainingPlan:
        return TrainingPlan(epochs=self.epochs, seed=self.seed)

    @property
    def done(self) -> bool:
        """Whether exactly this has been run."""
        try:
            kept = json.loads(self.path.read_text())
            return bool(kept["asked_for"] == self.asked_for())
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def asked_for(self) -> dict[str, Any]:
        """All that decides the result, as JSON has it."""
        names = ", ".join(path.name for path in self.data.data or [self.data.audio])
        data = f"{names}, {self.data.split_scheme or 'fault-filtered'}"
        asked = {"member": asdict(self.member), "plan": asdict(self.plan), "data": data}
        return dict(json.loads(to_json(asked)))


def perform(task: Task) -> dict[str, Any]:
    """Train on train, measure on valid, write the JSON. Goes on from a checkpoint where there is one.

    Raises DatasetError, TrainingError and OSError.
    """
    torch.set_num_threads(1)
    began = time.monotonic()
    dataset = read_dataset(task.data)
    training, valid = dataset.part("train"), dataset.part("valid")
    member = task.member
    task.work.mkdir(parents=True, exist_ok=True)
    weights = task.work / f"{task.name}.safetensors"
    run = begin_run(training, member.config, task.plan, task.data.cache, weights, device=torch.device(task.device))
    run.go(Console(quiet=True))
    trained = run.trainer.average
    tokens = clip_probabilities(trained, torch.from_numpy(valid.frames), member.answer_stride)
    figures = clip_figures(tokens, labels_for(member.config, valid), member.config)
    result = {
        "name": member.name,
        "seed": task.seed,
        "epochs": task.epochs,
        "train_clips": len(training.names),
        "valid_clips": figures["clips"],
        "parameters": sum(parameter.numel() for parameter in trained.parameters()),
        "seconds": round(time.monotonic() - began, 1),
        "asked_for": task.asked_for(),
    } | {key: figures[key] for key in ("accuracy", "accuracy_last", "top2", "log_loss", "ece")}
    save_classifier(trained.cpu(), weights, {"trained_on": f"{len(training.names)} clips", "run": member.name})
    with WholeFile(task.path) as whole:
        whole.stream.write(to_json(result, indent=1) + "\n")
        whole.commit()
    run.checkpoint.unlink(missing_ok=True)
    return result
