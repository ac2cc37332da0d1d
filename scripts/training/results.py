"""docs/results.md from the JSON of finished runs, with costs counted and times measured on the spot."""

from __future__ import annotations

import json
import math
import textwrap
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch

from app.stream.bench import make_classifier, torch_step, twin
from app.stream.measure import Contestant, machine, percentiles
from app.stream.torch_backend import TorchBackend
from model import ModelConfig, step_cost, twin_cost
from scripts.dataset import DatasetError
from scripts.training.family import ANSWER_STRIDE, ATTENTIONS, Member

ROUNDS = 20  # of the timing

Runs = list[dict[str, Any]]


def read_results(folder: Path) -> dict[str, Runs]:
    """The finished runs by member. Raises DatasetError where they cannot be compared."""
    runs: defaultdict[str, Runs] = defaultdict(list)
    for path in sorted(folder.glob("*-seed*.json")):
        run = json.loads(path.read_text())
        runs[run["name"]].append(run)
    every = [run for of_member in runs.values() for run in of_member]
    if not every:
        raise DatasetError(f"{folder} holds no results")
    for what in ("epochs", "train_clips", "valid_clips"):
        if len(found := {run[what] for run in every}) > 1:
            raise DatasetError(f"the runs in {folder} differ in {what} ({sorted(found)}): they cannot be compared")
    return dict(runs)


@dataclass(frozen=True)
class Times:
    """Medians, microseconds, with full windows: of one token in torch, in one thread, taking turns."""

    step: float
    twin: float
    tokenizer: float  # level and stem, which both need


@torch.inference_mode()
def measure_times(config: ModelConfig, rounds: int = ROUNDS) -> Times:
    """No weight changes how long anything takes, so that these are fresh ones."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        classifier, frame = make_classifier(config), np.full((1, config.bands), -40.0, np.float32)
        step, recompute = Contestant(torch_step(classifier.encoder)), Contestant(twin(classifier.encoder))
        tokenized = Contestant(partial(TorchBackend(classifier).tokenize, frame))
        for _ in range(rounds):
            step.burst()
            tokenized.burst()
            recompute.single()
    finally:
        torch.set_num_threads(threads)
    return Times(*(percentiles(nanoseconds)["p50"] for nanoseconds in (step.hot, recompute.live, tokenized.hot)))


def write_results(runs: dict[str, Runs], members: dict[str, Member], rounds: int) -> str:
    """The document; members without a run are left out."""
    trained = {name: member for name, member in members.items() if name in runs}
    times = {name: measure_times(member.config, rounds) for name, member in trained.items()}
    family = [line for member in trained.values() for line in _rows(member, runs, times)]
    first = next(iter(runs.values()))[0]
    deviation = 100 * math.sqrt(0.6 * 0.4 / first["valid_clips"])
    seeds = sorted({run["seed"] for of_member in runs.values() for run in of_member})
    sections = [
        "# Results: the whole family on GTZAN",
        "Written by `python3 scripts/reproduce.py` from the JSON files in `docs/results/`, one per run.",
        f"Trained on the {first['train_clips']} clips of the train part of the fault-filtered split, measured on the "
        f"{first['valid_clips']} clips of its valid part, by other artists; the test part was not used. "
        f"{first['epochs']} epochs and the same recipe for every row, seeds {', '.join(map(str, seeds))}; the models "
        "that ship train longer and on more clips, which is worth many points (assets/MODEL_CARD.md). Accuracy and "
        "log-loss are those of clips (the mean of a clip's token probabilities, not calibrated), mean and standard "
        f"deviation over the seeds; the standard error from having so few clips is {deviation:.1f} points on top, "
        "so that small differences between rows mean nothing. The papers' figures near 94 % are on "
        "splits in which the same artists stand on both sides.",
        "A continual model and the window model above it have the same weights and give the same answers (that is a "
        "test of this repository), so they are trained once. FLOPs and microseconds are of the encoder, for one "
        f"frame; level and stem add {_stem(trained, times)} to every row, and their state is in all states. Times are "
        f"medians on {machine()}, torch {torch.__version__}, one thread, one stream.",
        _table(("model", "blocks", "accuracy, %", "log-loss", "FLOPs per frame", "microseconds", "state, KiB"), family),
        f"Two blocks are stacked as in the paper of 2023 (first retroactive, second single output); every "
        f"{ANSWER_STRIDE}th token was asked, since each encodes its own window. Four blocks are deep: every block is "
        "single output, and the window model is an encoder under a banded causal mask.",
    ]
    return "\n\n".join(text if text.startswith("|") else textwrap.fill(text, width=118) for text in sections) + "\n"


def _rows(member: Member, runs: dict[str, Runs], times: dict[str, Times]) -> list[tuple[str, ...]]:
    """Two lines: the window model and the continual one, each with its own cost."""
    row, time, config = ATTENTIONS[member.row], times[member.name], member.config
    shared = str(config.blocks), *_figures(runs[member.name])
    both = (row.window, twin_cost(config), time.twin), (row.continual, step_cost(config), time.step)
    return [
        (name, *shared, f"{cost.encoder:,}", f"{microseconds:,.0f}", f"{cost.state_bytes / 1024:,.0f}")
        for name, cost, microseconds in both
    ]


def _figures(runs: Runs) -> tuple[str, str]:
    return _spread([100 * run["accuracy"] for run in runs], 1), _spread([run["log_loss"] for run in runs], 2)


def _spread(values: list[float], digits: int) -> str:
    return f"{mean(values):.{digits}f}" + (f" ± {stdev(values):.{digits}f}" if len(values) > 1 else " (one seed)")


def _stem(trained: dict[str, Member], times: dict[str, Times]) -> str:
    name, member = next(iter(trained.items()))
    return f"{step_cost(member.config).parts['stem']:,} FLOPs and {times[name].tokenizer:,.0f} microseconds"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
