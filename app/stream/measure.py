"""Timing things against each other, warmed up, in turns, medians and the tail; and so the steps of all models.

The models that ship have weights of their own and give other answers: the fastest of them is an offer and no switch.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from app.stream.backend import Backend, CompiledBackend, compile_ahead, compile_classifier
from app.stream.models import load_classifier, name_model, window_tokens
from model import WeightsError

if TYPE_CHECKING:  # torch takes its time
    from model import Classifier

WARM_UP, BURST = 5, 15  # calls of a burst that are not timed, and that are
ROUNDS, TOKENS = 30, 64
FILLED_AT_ONCE = 16  # frames: the window must not stand still while many of them are pushed

Percentiles = dict[str, float]
Key = TypeVar("Key")


@dataclass
class Contestant:
    """Something that is timed, and its times in nanoseconds.

    Hot: in bursts, as fast as it goes. Live: once, right after something else has filled the caches.
    """

    run: Callable[[], object]
    hot: list[int] = field(default_factory=list)
    live: list[int] = field(default_factory=list)

    def burst(self) -> None:
        for _ in range(WARM_UP):
            self.run()
        self.hot += [self.once() for _ in range(BURST)]

    def single(self) -> None:
        self.live.append(self.once())

    def once(self) -> int:
        began = time.perf_counter_ns()
        self.run()
        return time.perf_counter_ns() - began


def paced(contestant: Contestant, period: float, rounds: int) -> Percentiles:
    """Once in every `period` seconds and nothing else meanwhile, as in the window: on whatever caches are left."""
    times: list[int] = []
    due = time.monotonic()
    for _ in range(rounds):
        due += period
        time.sleep(max(0.0, due - time.monotonic()))
        times.append(contestant.once())
    return percentiles(times)


def percentiles(nanoseconds: Sequence[int]) -> Percentiles:
    """p50, p95 and p99 in microseconds."""
    return {f"p{share}": round(float(np.percentile(nanoseconds, share)) / 1000, 2) for share in (50, 95, 99)}


@dataclass(frozen=True)
class ModelStep:
    """What a step of one model takes, with a full window, computed as the program does."""

    name: str
    weights: Path
    backend: str  # "compiled" or "torch"
    step_us: Percentiles


def measure_models(weights: Sequence[Path], window_seconds: float, rounds: int = ROUNDS) -> list[ModelStep]:
    """The fastest first, all timed in turns; without what cannot be read or cannot have this window."""
    classifiers = {}
    for file in weights:
        try:
            classifiers[file] = load_classifier(file, window_tokens(window_seconds))
        except (WeightsError, ValueError):
            continue
    steps = measure_steps(classifiers, rounds)
    measured = [ModelStep(name_model(classifiers[file].config).name, file, *step) for file, step in steps.items()]
    return sorted(measured, key=lambda model: model.step_us["p50"])


def measure_steps(classifiers: Mapping[Key, Classifier], rounds: int = ROUNDS) -> dict[Key, tuple[str, Percentiles]]:
    """The backend of each, and microseconds of a step: with full windows, timed in turns."""
    from app.stream.torch_backend import TorchBackend

    compile_ahead()
    timed: dict[Key, tuple[str, Contestant]] = {}
    for key, classifier in classifiers.items():
        compiled = compile_classifier(classifier)
        backend: Backend = TorchBackend(classifier) if compiled is None else CompiledBackend(compiled)
        _fill(backend, classifier.config.window, classifier.config.bands)
        timed[key] = backend.name, Contestant(_step(backend, classifier.config.width))
    for _ in range(rounds):
        for _, contestant in timed.values():
            contestant.burst()
    return {key: (name, percentiles(contestant.hot)) for key, (name, contestant) in timed.items()}


def _fill(backend: Backend, window: int, bands: int) -> None:
    random = np.random.default_rng(0)
    for _ in range(0, window, FILLED_AT_ONCE):
        frames = random.normal(-30.0, 12.0, (FILLED_AT_ONCE, bands)).astype(np.float32)
        backend.encode(backend.tokenize(frames))


def _step(backend: Backend, width: int) -> Callable[[], object]:
    tokens, index = np.random.default_rng(1).normal(size=(TOKENS, 1, width)).astype(np.float32), 0

    def step() -> None:
        nonlocal index
        index = (index + 1) % TOKENS
        backend.encode(tokens[index])

    return step


def machine() -> str:
    """The processor's name, as far as the system tells."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
