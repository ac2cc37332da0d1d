"""`nystream bench`: what a frame costs here, part by part, beside what else could compute it; one thread."""

from __future__ import annotations

import argparse
import os
import platform
from typing import Any

from app.cli import EXIT_OK, UsageError
from app.text import to_json

SCHEMA = "nystream-bench-1"
FRAMES_PER_ROUND = 15
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # read when numpy and torch are imported


def run(options: argparse.Namespace) -> int:
    """Percentiles in microseconds. Raises UsageError."""
    if options.frames < 1:
        raise UsageError(f"--frames {options.frames} is too few: give 1 or more")
    os.environ |= dict.fromkeys(THREADS, "1")
    import torch

    from app.stream.bench import describe, measure, measure_windows, prepare
    from app.stream.measure import machine
    from app.stream.models import identify, load_classifier
    from model import step_cost, twin_cost

    torch.set_num_threads(1)
    classifier = load_classifier(options.weights)
    config = classifier.config
    rounds = -(-options.frames // FRAMES_PER_ROUND)
    with torch.inference_mode():
        bench = prepare(classifier)
        measured = describe(bench, measure(bench, rounds, paced_rounds=min(options.frames, 100)))
        growth = measure_windows(config, max(1, rounds // 5))
    figures: dict[str, Any] = {
        "schema": SCHEMA,
        "machine": f"{machine()}, {platform.system()}",
        "model": identify(options.weights),
        "frames": options.frames,
        **measured,
        "flops": {"step": step_cost(config).total, "twin": twin_cost(config).total},
        "growth": growth,
    }
    print(to_json(figures, indent=1) if options.json else "\n".join(_table(figures)))
    return EXIT_OK


def _table(figures: dict[str, Any]) -> list[str]:
    lines = [f"{figures['machine']}, one thread, computed by {figures['path']}; microseconds p50 (p95, p99)"]
    for key, row in figures.items():
        if key.endswith("_us"):
            shown = "{p50:10.1f} ({p95:.1f}, {p99:.1f})".format(**row)
            lines.append(f"{key.removesuffix('_us').replace('_', ' '):20}{shown}")
    ratios = ", ".join(f"{name.replace('_', ' ')} {ratio:.1f}" for name, ratio in figures["ratios"].items())
    lines.append(f"times the hot step: {ratios}")
    flops = figures["flops"]
    lines.append(f"FLOPs: twin / step {flops['twin'] / flops['step']:.1f}, with the stem in both")
    for at in figures["growth"]:
        times = ", ".join(f"{key[:-3]} {value['p50']:.1f}" for key, value in at.items() if key.endswith("_us"))
        lines.append(f"n {at['n']:>5}: {times}; {at['state_bytes']} bytes of state")
    return lines
