"""`nystream models`: the models that ship, and what a step of each takes here for a window."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import EXIT_OK, UsageError
from app.files.console import Console
from app.stream.weights import default_weights, family_weights
from app.text import to_json

if TYPE_CHECKING:
    from app.stream.bench import ModelStep

SCHEMA = "nystream-rows-1"
SHORTEST_WINDOW, LONGEST_WINDOW, DEFAULT_WINDOW = 5.0, 300.0, 30.0  # s


def run(options: argparse.Namespace) -> int:
    """The quickest first, and how to choose it. Raises UsageError."""
    seconds = checked_window(DEFAULT_WINDOW if options.window_seconds is None else options.window_seconds)
    steps = measure(seconds)
    if options.json:
        rows = [
            {"name": one.name, "weights": str(one.weights), "path": one.backend, "step_us": one.step_us}
            for one in steps
        ]
        print(to_json({"schema": SCHEMA, "window_seconds": seconds, "rows": rows}, indent=1))
        return EXIT_OK
    print(f"a step with a window of {seconds:g} s, microseconds p50 (p99), in turns on this machine")
    for one in steps:
        print(f"{one.step_us['p50']:10.1f} ({one.step_us['p99']:.1f})  {one.name}, {one.backend}: {one.weights}")
    print(
        f"The quickest: nystream --fastest --window-seconds {seconds:g}\n"
        "Every row has weights of its own and gives other answers; `nystream info` says what is known of them."
    )
    return EXIT_OK


def choose_fastest(weights: Path, seconds: float | None) -> ModelStep:
    """For `nystream --fastest`: told on standard error. Raises UsageError, also when other weights were asked for."""
    if weights != default_weights():
        raise UsageError("--fastest chooses among the models that ship: leave --weights out, or --fastest")
    seconds = DEFAULT_WINDOW if seconds is None else seconds
    quickest = measure(seconds)[0]
    step = f"{quickest.name}, {quickest.step_us['p50']:.1f} us ({quickest.weights})"
    Console().note(f"the quickest step for {seconds:g} s here: {step}")
    return quickest


def checked_window(seconds: float) -> float:
    """Raises UsageError."""
    if not SHORTEST_WINDOW <= seconds <= LONGEST_WINDOW:
        raise UsageError(
            f"--window-seconds {seconds:g} cannot be used: give {SHORTEST_WINDOW:g} to {LONGEST_WINDOW:g} seconds"
        )
    return seconds


def measure(seconds: float) -> list[ModelStep]:
    """In one thread, as the program runs. Raises UsageError where no model can have this window."""
    from app.stream.bench import measure_models

    steps = measure_models(family_weights(), seconds)
    if not steps:
        raise UsageError(f"no weights that ship can have a window of {seconds:g} s: leave --fastest out")
    return steps
