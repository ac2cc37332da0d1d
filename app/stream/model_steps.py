"""Which of the rows that ship has the quickest step for a window, measured here and now.

They have weights of their own: another row is another model, with other answers. So this is an offer and no switch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from app.stream.compiled_path import quicken
from app.stream.family import window_tokens
from app.stream.live_model import row_of
from app.stream.live_path import LivePath
from app.stream.timing import Contestant, Percentiles, percentiles
from app.stream.torch_path import TorchPath
from model import Classifier, WeightsError, load_classifier

ROUNDS, TOKENS = 30, 64
FILLED_AT_ONCE = 16  # frames: the window must not stand still while many of them are heard

Key = TypeVar("Key")


@dataclass(frozen=True)
class RowStep:
    """What a step of one row takes, with a full window, computed as the program does."""

    name: str
    weights: Path
    path: str  # "compiled" or "torch"
    step_us: Percentiles


def measure_rows(weights: Sequence[Path], window_seconds: float, rounds: int = ROUNDS) -> list[RowStep]:
    """The quickest first, all timed in turns; without what cannot be read or cannot have this window."""
    classifiers = {}
    for file in weights:
        try:
            classifiers[file] = load_classifier(file).with_window(window_tokens(window_seconds))
        except (WeightsError, ValueError):
            continue
    steps = measure_steps(classifiers, rounds)
    measured = [RowStep(row_of(classifiers[file].config, "").name, file, *step) for file, step in steps.items()]
    return sorted(measured, key=lambda row: row.step_us["p50"])


def measure_steps(classifiers: Mapping[Key, Classifier], rounds: int = ROUNDS) -> dict[Key, tuple[str, Percentiles]]:
    """What computes a step of each, "compiled" or "torch", and microseconds: with full windows, timed in turns."""
    timed: dict[Key, tuple[str, Contestant]] = {}
    with torch.inference_mode():
        for key, classifier in classifiers.items():
            make_path = quicken(classifier)
            path: LivePath = TorchPath(classifier) if make_path is None else make_path()
            _fill(path, classifier.config.window, classifier.config.bands)
            timed[key] = path.name, Contestant(_step(path, classifier.config.width))
        for _ in range(rounds):
            for _, contestant in timed.values():
                contestant.burst()
    return {key: (name, percentiles(contestant.hot)) for key, (name, contestant) in timed.items()}


def _fill(path: LivePath, window: int, bands: int) -> None:
    random = np.random.default_rng(0)
    for _ in range(0, window, FILLED_AT_ONCE):
        path.hear(random.normal(-30.0, 12.0, (FILLED_AT_ONCE, bands)).astype(np.float32))


def _step(path: LivePath, width: int) -> Callable[[], object]:
    tokens, index = np.random.default_rng(1).normal(size=(TOKENS, width)).astype(np.float32), 0

    def step() -> None:
        nonlocal index
        index = (index + 1) % TOKENS
        path.step(tokens[index])

    return step
