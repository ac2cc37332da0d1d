#!/usr/bin/env python3
"""What a step and a frame cost on this machine, beside what others take: one process, one thread, interleaved.

    python scripts/benchmark.py                 # a table
    python scripts/benchmark.py --json          # the same as one JSON object
    python scripts/benchmark.py --plot growth.png
    python scripts/benchmark.py --window        # also the frame in a process whose window redraws at 60 Hz

Everything is done in turns, and every figure is the median, the 95th and the 99th percentile in microseconds:

    step           the continual encoder for one new token, compiled where that is covered; torch_step: in torch
    twin           the same weights, encoding the whole window from nothing
    ordinary       a transformer of the same sizes with exact attention on the window, by torch's fused attention
    torch_encoder  torch.nn.TransformerEncoderLayer on the window
    peer           the single-output layer of continual-inference, where that is installed
    bound          nothing but the matrix-vector products of the step's own weights: the fastest of the step's loops, of
                   the same with all weights stored as float32 and of BLAS; `step_to_float32_bound` is without the first
    exact          (growth) the fair rival: exact attention over rings of keys and values, as carefully compiled
    frame          samples of one hop to probabilities: log-mel, stem, step
    frame_bound    the sum of its parts' bounds: the bare transform and mel products, the bare products of the stem's
                   weights, and `bound`; each the faster of our loops and a library's
    frame_bare     the same loops one after the other: what it takes above frame_bound, the caches take
    window         (--window) the frame where the window is drawn 60 times a second; see benchmark_window.py

Hot is in bursts, as fast as it goes; `_live` once after something else has filled the caches; `_paced` every 77.5 ms,
as in the window. Not counted: resampling. What is not said of a row is of Nystrom attention with fixed landmarks at
the reference size; `shipped` is the model in assets/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy and torch are imported

import torch

from app.bench.measure import make, measure_growth, measure_landmarks, measure_size
from app.cli.bench import GROUPS
from app.stream.measure import Percentiles, machine
from app.stream.weights import default_weights
from model import ModelConfig, load_classifier
from scripts import benchmark_offline, benchmark_window

REFERENCE = ModelConfig(window=387, width=192, heads=8, feed_forward=384, landmark_count=16)
ROWS = {
    "softmax": replace(REFERENCE, attention="softmax"),
    "nystrom-continual": replace(REFERENCE, landmarks="continual"),
    "nystrom-fixed": REFERENCE,
}
NAMED = "nystrom-fixed"
ROUNDS, GROWTH_ROUNDS, PACED_ROUNDS = 100, 20, 130
QUICK_ROUNDS, WINDOW_SECONDS, QUICK_WINDOW = 6, 60.0, 6.0


def measure(rounds: int, growth_rounds: int, paced_rounds: int) -> dict[str, Any]:
    """The whole report."""
    rows = {name: measure_size(make(config), rounds, paced_rounds) for name, config in ROWS.items()}
    return {
        "machine": machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "size": {name: getattr(REFERENCE, name) for name in ("window", "width", "heads", "feed_forward")}
        | {"landmarks": REFERENCE.landmark_count, "blocks": REFERENCE.blocks},
        **rows[NAMED],
        "growth": measure_growth(REFERENCE, growth_rounds),
        "landmarks": measure_landmarks(REFERENCE, growth_rounds),
        "rows": rows,
        "shipped": measure_size(load_classifier(default_weights()), rounds, paced_rounds),
    }


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    size = ", ".join(f"{name} {value}" for name, value in report["size"].items())
    lines = [f"{report['machine']}, torch {report['torch']}, {report['threads']} thread; {size}", ""]
    lines.append(f"{'microseconds':24}{'p50':>10}{'p95':>10}{'p99':>10}   times the hot step")
    for name, row in (report["rows"] | {"shipped model": report["shipped"]}).items():
        lines.append(f"{name}, computed by {row['path']}")
        for key, value in row.items():
            if key.endswith("_us") and key not in GROUPS and value is not None:
                lines.append(f"  {key[:-3]:22}{_three(value)}{value['p50'] / row['step_us']['p50']:12.1f}")
        lines += [f"  {part + ' alone':22}{_three(value)}" for part, value in row["parts_us"].items()]
        lines += [f"  {part + ' bound':22}{_three(value)}" for part, value in row["frame_bounds_us"].items()]
        lines.append(f"  streams per core, in batches of 64, encoder only: {row['streams_per_core']}")
    for key, first in (("growth", "n"), ("landmarks", "landmarks")):
        lines += ["", f"{NAMED}, growth with {first}"]
        for point in report[key]:
            step, exact = point["step_us"]["p50"], point["exact_us"]["p50"]
            lines.append(
                f"  {first} {point[first]:>5}: step {step:8.1f}, exact {exact:8.1f} ({exact / step:4.1f} x), "
                f"twin {point['twin_us']['p50']:10.1f}, ordinary {point['ordinary_us']['p50']:10.1f}, "
                f"{point['state_bytes']:>9} bytes of state"
            )
    if "window" in report:
        lines += ["", *benchmark_window.table(report["window"])]
    return [*lines, "", *benchmark_offline.table(report["classify"])] if "classify" in report else lines


def plot(report: dict[str, Any], path: Path) -> None:
    """The growth with the window, as a picture."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.8), layout="constrained")
    windows = [point["n"] for point in report["growth"]]
    for key, label, style in (
        ("ordinary_us", "transformer on the window", "s-"),
        ("twin_us", "Nystr\N{LATIN SMALL LETTER O WITH DIAERESIS}mformer on the window (the twin)", "^-"),
        ("exact_us", "continual, exact attention", "d-"),
        ("step_us", "continual Nystr\N{LATIN SMALL LETTER O WITH DIAERESIS}m, fixed landmarks", "o-"),
    ):
        axes.plot(windows, [point[key]["p50"] for point in report["growth"]], style, label=label, linewidth=2)
    axes.set(xscale="log", yscale="log", xlabel="window n (tokens)", ylabel="microseconds per new token (median)")
    axes.set_xticks(windows, [str(window) for window in windows])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    axes.set_title(f"One encoder block, d = {REFERENCE.width}, one thread, {report['machine']}", fontsize=10)
    figure.savefig(path, dpi=150)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="a few rounds only, to see that it runs")
    parser.add_argument("--window", action="store_true", help="measure the frame beside a window that redraws, too")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the growth (needs the extra `train`)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with torch.inference_mode():
        quick = (QUICK_ROUNDS, 2, QUICK_ROUNDS)
        report = measure(*(quick if arguments.quick else (ROUNDS, GROWTH_ROUNDS, PACED_ROUNDS)))
    if not arguments.quick:
        report["classify"] = benchmark_offline.measure()
    if arguments.window:
        report["window"] = benchmark_window.measure_apart(QUICK_WINDOW if arguments.quick else WINDOW_SECONDS)
    if arguments.plot is not None:
        plot(report, arguments.plot)
    print(json.dumps(report) if arguments.json else "\n".join(table(report)))
    return 0


def _three(values: Percentiles) -> str:
    return "".join(f"{values[name]:10.1f}" for name in ("p50", "p95", "p99"))


if __name__ == "__main__":
    sys.exit(main())
