"""Many steps of every kind beside its definition in float64, at every scale of the logits and through bursts.

50 000 steps in every run, a million with --long; scripts/soak.py takes as many as are asked for.
"""

from __future__ import annotations

import math
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import pytest
import torch

from model import ModelConfig
from model.attention.fixed import FixedLandmarkKernel
from model.attention.multi_head import make_kernel
from tests.model import direct

# Every row of a batch is a stream with its own scale of the logits: half of the time at that scale, half of the time
# quiet with loud bursts.
SCALES = (1.0, 3.0, 10.0, 30.0, 1000.0)  # standard deviation of the logits, one row each
BOUNDED = slice(0, 4)  # beyond a scale of 30 everything must be finite, no more
HEAD_WIDTH = 4
WINDOW = 64
CHUNK = 2048  # tokens that are made at once
QUIET, LOUD = 0.1, 5.0  # times the scale, in the second half of every chunk
BURST_EVERY = 192  # tokens, on average
LONGEST_BURST = 4
CHECK_EVERY = 193  # steps, and whenever a burst has just entered or left, and all of the last window
SECONDS_BETWEEN_REPORTS = 10.0

FIXED = ModelConfig(landmark_count=8, window=WINDOW, heads=len(SCALES), width=len(SCALES) * HEAD_WIDTH)
CONTINUAL = replace(FIXED, landmarks="continual", landmark_count=6)  # 6 segments do not divide the window evenly
RETROACTIVE = replace(FIXED, stacking="retroactive", blocks=2)
# And the largest absolute error that each may have for values of unit scale, in float32.
KINDS = {
    "fixed": (FIXED, 2e-6),
    "continual": (CONTINUAL, 1e-5),
    "retroactive": (replace(RETROACTIVE, attention="softmax"), 1e-5),
    "gaussian-retroactive": (replace(RETROACTIVE, attention="gaussian"), 2e-6),
    "fixed-retroactive": (RETROACTIVE, 2e-6),
    "continual-retroactive": (replace(RETROACTIVE, landmarks="continual", landmark_count=6), 1e-5),
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

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(2)
        self.first = 0  # number of the first token that is kept
        self.tokens = torch.empty(3, len(SCALES), 0, HEAD_WIDTH)

    def extend(self) -> set[int]:
        """Make the next chunk; after how many tokens a burst has just entered or left the window."""
        made = torch.randn(3, len(SCALES), CHUNK, HEAD_WIDTH, generator=self.generator)
        loudness, moments = torch.ones(CHUNK), []
        loudness[CHUNK // 2 :] = QUIET
        for start in (torch.rand(CHUNK, generator=self.generator) < 1 / BURST_EVERY).nonzero().flatten().tolist():
            if start >= CHUNK // 2:
                end = start + 1 + int(torch.randint(LONGEST_BURST, (), generator=self.generator))
                loudness[start:end] = LOUD
                moments += [end, start + WINDOW, end + WINDOW, end + WINDOW + 1]
        made[:2] *= torch.tensor(SCALES).sqrt().view(-1, 1, 1)
        made[1] *= loudness.unsqueeze(-1)
        past = self.tokens[:, :, -2 * WINDOW :]
        begin = self.first + self.tokens.shape[2]
        self.tokens = torch.cat([past, made], dim=2)
        self.first = begin - past.shape[2]
        return {begin + moment for moment in moments}


def soak(name: str, steps: int, report: bool = False) -> Result:
    """Run the kind of this name in this process, on one thread; with `report` it says how far it is."""
    torch.set_num_threads(1)
    config, bound = KINDS[name]
    torch.manual_seed(0)
    kernel = make_kernel(config).eval().requires_grad_(False)
    landmarks = None
    if isinstance(kernel, FixedLandmarkKernel):
        landmarks = kernel.query_landmarks, kernel.key_landmarks
        for each in landmarks:
            each.mul_(torch.tensor(SCALES).sqrt().view(-1, 1, 1))
    retroactive = config.stacking == "retroactive"
    step, state = kernel.step_all if retroactive else kernel.step, kernel.init_state(1, torch.zeros(()))
    stream = Stream()
    errors, total = torch.zeros(len(SCALES), dtype=torch.float64), torch.zeros(())
    heard, checks, moments = 0, 0, set[int]()
    began = reported = time.monotonic()
    with torch.inference_mode():
        while heard < steps:
            moments = {moment for moment in moments if moment > heard} | stream.extend()
            for query, key, value in stream.tokens[:, :, -CHUNK:].unbind(2)[: steps - heard]:
                output = step(query, key, value, state)
                # Stays finite if everything is, and only then; outputs grow in number until the window is full.
                total = total + output if total.shape == output.shape else output + total.mean()
                heard += 1
                if heard % CHECK_EVERY == 0 or heard in moments or heard > steps - WINDOW:
                    checks += 1
                    tokens = stream.tokens[0], stream.tokens[1], stream.tokens[2]
                    expected = direct.window_outputs(tokens, heard, config, landmarks, stream.first)
                    wrong = (output - (expected if retroactive else expected[:, -1])).abs()
                    errors = torch.maximum(errors, wrong.flatten(1).amax(dim=1))
            now = time.monotonic()
            if report and now - reported > SECONDS_BETWEEN_REPORTS:
                reported, left = now, (now - began) / heard * (steps - heard)
                said = f"{100 * heard / steps:5.1f} %, {left / 60:.1f} min left"
                print(f"{name:22}{said}, largest error so far {errors[BOUNDED].max():.1e}", file=sys.stderr, flush=True)
    finite = bool(total.isfinite().all())
    return Result(
        steps=steps,
        checks=checks,
        largest_error={
            f"{scale:g}": error if math.isfinite(error) else None
            for scale, error in zip(SCALES, errors.tolist(), strict=True)
        },
        finite=finite,
        bound=bound,
        holds=finite and errors[BOUNDED].max().item() <= bound,
        seconds=time.monotonic() - began,
    )


def table(results: dict[str, Result]) -> list[str]:
    """Largest errors, one kind a line, one scale a column."""
    lines = ["largest error at scale" + "".join(f"{scale:>9g}" for scale in SCALES) + "    bound"]
    for name, result in results.items():
        errors = "".join("     none" if error is None else f"{error:9.1e}" for error in result.largest_error.values())
        verdict = "holds" if result.holds else "BROKEN"
        lines.append(f"{name:22}{errors}{result.bound:9.0e}  {verdict}; {result.steps} steps, {result.seconds:.0f} s")
    return lines


@pytest.mark.parametrize("kind", ["retroactive", "continual", "fixed"])
def test_fifty_thousand_steps_neither_drift_nor_overflow(kind: str) -> None:
    assert_true({kind: soak(kind, 50_000)}, 50_000)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_a_million_steps_neither_drift_nor_overflow(pytestconfig: pytest.Config) -> None:
    """Every kind in a process of its own."""
    steps = pytestconfig.getoption("--steps")
    with ProcessPoolExecutor(len(KINDS), multiprocessing.get_context("spawn")) as processes:
        results = dict(zip(KINDS, processes.map(partial(soak, steps=steps, report=True), KINDS), strict=True))
    assert_true(results, steps)


def assert_true(results: dict[str, Result], steps: int) -> None:
    print("\n".join(table(results)))
    for result in results.values():
        assert result.steps == steps
        assert result.checks >= steps // 200
        assert len(result.largest_error) == len(SCALES)
        assert result.finite
        assert result.holds
