"""Continual attention for millions of steps, compared with its definition in float64 all the way.

Every row of a batch is a stream with its own scale of the logits: half of the time at that scale, half of the time
quiet with loud bursts.
"""

from __future__ import annotations

import math
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from model import ModelConfig
from model.attention.fixed import FixedLandmarkKernel
from model.attention.kernel import Kernel
from model.attention.multi_head import make_kernel
from scripts.soaking import direct

SCALES = (1.0, 3.0, 10.0, 30.0, 1000.0)  # standard deviation of the logits, one row each
LARGEST_BOUND_SCALE = 30.0  # beyond it everything must be finite, no more
HEAD_WIDTH = 4
WINDOW = 64
CHUNK = 2048  # tokens that are made at once
QUIET, LOUD = 0.1, 5.0  # times the scale, in the second half of every chunk
BURST_EVERY = 192  # tokens, on average
LONGEST_BURST = 4
CHECK_EVERY = 193  # steps, and whenever a burst has just entered or left, and all of the last window
SECONDS_BETWEEN_REPORTS = 10.0


@dataclass(frozen=True)
class Kind:
    """One kind of step, and the largest absolute error that it may have for values of unit scale, in float32."""

    attention: str
    landmarks: str
    stacking: str
    landmark_count: int
    bound: float

    def config(self) -> ModelConfig:
        return ModelConfig(
            attention=self.attention,
            landmarks=self.landmarks,
            stacking=self.stacking,
            blocks=2 if self.stacking == "retroactive" else 1,
            landmark_count=self.landmark_count,
            window=WINDOW,
            heads=len(SCALES),
            width=len(SCALES) * HEAD_WIDTH,
        )


KINDS = {
    "fixed": Kind("nystrom", "fixed", "deep", 8, 2e-6),
    "continual": Kind("nystrom", "continual", "deep", 6, 1e-5),  # 6 segments do not divide the window evenly
    "retroactive": Kind("softmax", "fixed", "retroactive", 8, 1e-5),
    "fixed-retroactive": Kind("nystrom", "fixed", "retroactive", 8, 2e-6),
    "continual-retroactive": Kind("nystrom", "continual", "retroactive", 6, 1e-5),
}


@dataclass(frozen=True)
class Result:
    """What was found in one kind."""

    steps: int
    checks: int
    largest_error: dict[str, float | None]  # by scale; None where an output was not finite
    finite: bool
    bound: float
    holds: bool
    seconds: float


class Stream:
    """Endless queries, keys and values, (R, T, D) each, a chunk at a time, with enough of the past to check."""

    def __init__(self, seed: int, history: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.history = history
        self.first = 0  # number of the first token that is kept
        self.tokens = torch.empty(3, len(SCALES), 0, HEAD_WIDTH)

    def extend(self) -> list[int]:
        """Make the next chunk; after how many tokens a burst has just entered or left the window."""
        made = torch.randn(3, len(SCALES), CHUNK, HEAD_WIDTH, generator=self.generator)
        loudness, moments = self._loudness()
        made[:2] *= torch.tensor(SCALES).sqrt().view(-1, 1, 1)
        made[1] *= loudness.unsqueeze(-1)
        past = self.tokens[:, :, -self.history :]
        begin = self.first + self.tokens.shape[2]
        self.tokens = torch.cat([past, made], dim=2)
        self.first = begin - past.shape[2]
        return [begin + moment for moment in moments]

    def _loudness(self) -> tuple[Tensor, list[int]]:
        loudness = torch.ones(CHUNK)
        loudness[CHUNK // 2 :] = QUIET
        moments = []
        for start in (torch.rand(CHUNK, generator=self.generator) < 1 / BURST_EVERY).nonzero().flatten().tolist():
            if start >= CHUNK // 2:
                end = start + 1 + int(torch.randint(LONGEST_BURST, (), generator=self.generator))
                loudness[start:end] = LOUD
                moments += [end, start + WINDOW, end + WINDOW, end + WINDOW + 1]
        return loudness, moments


def soak(name: str, steps: int, report: bool = False) -> Result:
    """Run the kind of this name in this process, on one thread; with `report` progress goes to the standard error."""
    torch.set_num_threads(1)
    kind = KINDS[name]
    config = kind.config()
    torch.manual_seed(0)
    kernel = make_kernel(config).eval().requires_grad_(False)
    if isinstance(kernel, FixedLandmarkKernel):
        for landmarks in (kernel.query_landmarks, kernel.key_landmarks):
            landmarks.mul_(torch.tensor(SCALES).sqrt().view(-1, 1, 1))
    step = kernel.step_all if kind.stacking == "retroactive" else kernel.step
    state = kernel.init_state(1, torch.zeros(()))
    stream = Stream(seed=2, history=2 * WINDOW)
    errors, total = torch.zeros(len(SCALES), dtype=torch.float64), torch.zeros(())
    heard, checks, moments = 0, 0, set[int]()
    began = reported = time.monotonic()
    with torch.inference_mode():
        while heard < steps:
            moments = {moment for moment in moments if moment > heard} | set(stream.extend())
            queries, keys, values = (part.unbind(1) for part in stream.tokens[:, :, -CHUNK:])
            for query, key, value in zip(queries, keys, values, strict=True):
                output = step(query, key, value, state)
                # Stays finite if everything is, and only then; outputs grow in number until the window is full.
                total = total + output if total.shape == output.shape else output + total.mean()
                heard += 1
                if heard % CHECK_EVERY == 0 or heard in moments or heard > steps - WINDOW:
                    checks += 1
                    wrong = (output - _expected(kernel, stream, heard, output)).abs().flatten(1).amax(dim=1)
                    errors = torch.maximum(errors, wrong)
                if heard == steps:
                    break
            if report and time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                _report(name, heard, steps, _largest_bound(errors), reported - began)
    finite = bool(total.isfinite().all())
    return Result(
        steps=steps,
        checks=checks,
        largest_error={
            f"{scale:g}": error if math.isfinite(error) else None
            for scale, error in zip(SCALES, errors.tolist(), strict=True)
        },
        finite=finite,
        bound=kind.bound,
        holds=finite and _largest_bound(errors) <= kind.bound,
        seconds=time.monotonic() - began,
    )


def soak_side_by_side(names: tuple[str, ...], steps: int, report: bool = False) -> dict[str, Result]:
    """Every kind in a process of its own."""
    with ProcessPoolExecutor(len(names), multiprocessing.get_context("spawn")) as processes:
        return dict(zip(names, processes.map(partial(soak, steps=steps, report=report), names), strict=True))


def table(results: dict[str, Result]) -> list[str]:
    """Largest errors, one kind a line, one scale a column."""
    lines = ["largest error at scale" + "".join(f"{scale:>9g}" for scale in SCALES) + "    bound"]
    for name, result in results.items():
        errors = "".join("     none" if error is None else f"{error:9.1e}" for error in result.largest_error.values())
        verdict = "holds" if result.holds else "BROKEN"
        lines.append(f"{name:22}{errors}{result.bound:9.0e}  {verdict}; {result.steps} steps, {result.seconds:.0f} s")
    return lines


def _expected(kernel: Kernel, stream: Stream, heard: int, output: Tensor) -> Tensor:
    """By definition, (R, D) of the newest token, or (R, f, D) of the window, as in `output`."""
    config, recent = kernel.config, heard - stream.first
    query, key, value = stream.tokens[:, :, :recent].unbind(0)
    if isinstance(kernel, FixedLandmarkKernel):
        landmarks = (kernel.query_landmarks, kernel.key_landmarks)
        expected = direct.fixed_outputs(query, key, value, recent, config, landmarks)
    elif config.attention == "nystrom":
        expected = direct.continual_outputs(query, key, value, heard, config, stream.first)
    else:
        expected = direct.softmax_outputs(query, key, value, recent, config)
    return expected if output.dim() == 3 else expected[:, -1]


def _largest_bound(errors: Tensor) -> float:
    """The largest error at the scales that have a bound."""
    return errors[torch.tensor(SCALES) <= LARGEST_BOUND_SCALE].max().item()


def _report(name: str, heard: int, steps: int, error: float, seconds: float) -> None:
    left = seconds / heard * (steps - heard)
    print(
        f"{name:22}{100 * heard / steps:5.1f} %, {left / 60:.1f} min left, largest error so far {error:.1e}",
        file=sys.stderr,
        flush=True,
    )
