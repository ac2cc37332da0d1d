#!/usr/bin/env python3
"""What a step and a frame cost on this machine, beside what others take: one process, one thread, interleaved.

    python scripts/benchmark.py                 # a table
    python scripts/benchmark.py --json          # the same as one JSON object
    python scripts/benchmark.py --plot growth.png
    python scripts/benchmark.py --papers        # every system at the papers' sizes: see benchmark_papers.py
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
                   weights, and `bound`
    frame_bare     the same loops one after the other: what it takes above frame_bound, the caches take
    window         (--window) the frame where the window is drawn 60 times a second (window_soak.py), of sound at the
                   model's own rate; `halved`: at twice that rate; `resampled`: at 48 000 Hz, as of most microphones

Hot is in bursts, as fast as it goes; `_live` once after something else has filled the caches; `_paced` every 77.5 ms,
as in the window. Not counted: resampling. Where no model is named, it is Nystrom attention with fixed landmarks at
the reference size; `shipped` is the model in assets/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy and torch are imported

import numpy as np
import torch
from torch import nn

from app.stream.backend import compile_classifier
from app.stream.bench import (
    Call,
    describe,
    make_classifier,
    measure,
    measure_growth,
    measure_windows,
    one_after_the_other,
    prepare,
)
from app.stream.measure import Percentiles, machine
from app.stream.weights import default_weights
from app.text import to_json
from audio import FRAME_SECONDS, SAMPLE_RATE
from model import Classifier, ModelConfig, load_classifier
from model.compiled.classifier import CompiledClassifier
from scripts import benchmark_offline, benchmark_papers
from scripts.bounds import stem_products, step_parts, step_products, transform
from scripts.encode import encode

REFERENCE = ModelConfig(window=387, width=192, heads=8, feed_forward=384, landmark_count=16)
MODELS = {
    "softmax": replace(REFERENCE, attention="softmax"),
    "nystrom-continual": replace(REFERENCE, landmarks="continual"),
    "nystrom-fixed": REFERENCE,
}
NAMED = "nystrom-fixed"
LANDMARKS = (4, 8, 16, 32, 64)
STREAMS = 64
BOUNDS = {  # the bound of each part is the fastest of these
    "log_mel": ("transform",),
    "stem": ("stem_loops", "stem_blas"),
    "step": ("loops", "float32_loops", "blas"),  # the first reads the weights as they are stored
}
GROUPS = ("parts_us", "bounds_us", "frame_bounds_us")  # of times, not times
ROUNDS, QUICK_ROUNDS = (100, 20, 130), (6, 2, 6)  # of all, of the growth, and paced
PAPERS_ROUNDS, WINDOW_SECONDS, QUICK_WINDOW = 20, 20.0, 2.0
RATES = {"own": SAMPLE_RATE, "halved": 2 * SAMPLE_RATE, "resampled": 48_000}  # Hz, beside the window


@torch.inference_mode()
def measure_all(rounds: int, growth_rounds: int, paced_rounds: int) -> dict[str, Any]:
    """All that is timed in this process."""
    rows = {name: measure_model(make_classifier(config), rounds, paced_rounds) for name, config in MODELS.items()}
    with_landmarks = [replace(REFERENCE, landmark_count=count) for count in LANDMARKS]
    grown = zip(LANDMARKS, measure_growth(with_landmarks, growth_rounds), strict=True)
    return {
        "machine": machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "size": {name: getattr(REFERENCE, name) for name in ("window", "width", "heads", "feed_forward")}
        | {"landmarks": REFERENCE.landmark_count, "blocks": REFERENCE.blocks},
        **rows[NAMED],
        "growth": measure_windows(REFERENCE, growth_rounds),
        "landmarks": [{"landmarks": count, **times} for count, times in grown],
        "rows": rows,
        "shipped": measure_model(load_classifier(default_weights()), rounds, paced_rounds),
    }


def measure_model(classifier: Classifier, rounds: int, paced_rounds: int) -> dict[str, Any]:
    """What `nystream bench` measures of one model, and with it the peers, the bounds and the parts of a step."""
    bench = prepare(classifier)
    compiled, whole = bench.compiled, compile_classifier(classifier, halves=False)
    bench.slow["torch_encoder"] = torch_encoder(classifier.config)
    if (rival := benchmark_papers.peer(classifier.config)) is not None:
        bench.fast["peer"], _ = rival
    parts: dict[str, Call] = {}
    if compiled is not None and whole is not None:
        bounds = step_products(compiled, whole) | stem_products(compiled, whole) | {"transform": transform()}
        bare = (bounds[name] for name in ("transform", "stem_loops", "loops"))
        parts = step_parts(compiled)
        bench.fast |= bounds | parts | {"frame_bare": one_after_the_other(*bare), "batch": batch_step(compiled)}
    times = measure(bench, rounds, paced_rounds)
    fastest = {part: min((times[name] for name in names), key=median) for part, names in BOUNDS.items() if parts}
    frame = {share: round(sum(each[share] for each in fastest.values()), 2) for share in ("p50", "p95", "p99")}
    figures = describe(bench, times) | {
        "torch_encoder_us": times["torch_encoder"],
        "peer_us": times.get("peer"),
        "bound_us": fastest.get("step"),
        "bounds_us": {name: times[name] for name in BOUNDS["step"] if parts},
        "frame_bound_us": frame if parts else None,
        "frame_bounds_us": fastest,
        "frame_bare_us": times.get("frame_bare"),
        "parts_us": {name: times[name] for name in parts},
        "streams_per_core": round(STREAMS / (median(times["batch"]) * 1e-6) * FRAME_SECONDS) if parts else None,
    }
    step = median(times["step"])
    figures["ratios"] |= {name: median(times[name]) / step for name in ("torch_encoder", "peer") if name in times}
    if parts:
        figures["ratios"] |= {
            "step_to_bound": step / median(fastest["step"]),
            "step_to_float32_bound": step / min(median(times[name]) for name in BOUNDS["step"][1:]),
            "frame_to_bound": median(times["frame"]) / median(frame),
        }
    return figures


def median(times: Percentiles) -> float:
    return times["p50"]


def torch_encoder(config: ModelConfig) -> Call:
    """torch.nn.TransformerEncoderLayer on the window; with relu, its fastest: its fused path has no tanh gelu."""
    layer = nn.TransformerEncoderLayer(
        config.width, config.heads, config.feed_forward, 0.0, "relu", batch_first=True, norm_first=True
    ).eval()
    tokens = torch.randn(1, config.window, config.width)
    return lambda: layer(tokens)


def batch_step(compiled: CompiledClassifier) -> Call:
    """One token of each of STREAMS streams, windows full."""
    streams, random = compiled.init_streams(STREAMS), np.random.default_rng(0)
    tokens = cycle(random.normal(size=(8, STREAMS, compiled.config.width)).astype(np.float32))
    for _ in range(compiled.config.window):
        compiled.step_streams(next(tokens), streams)
    return lambda: compiled.step_streams(next(tokens), streams)


def measure_beside_window(seconds: float) -> dict[str, Any]:
    """What window_soak.py finds, in a process for each rate."""
    reports = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, rate in RATES.items():
            sound = Path(folder) / f"{name}.wav"
            noise = np.random.default_rng(0).normal(0, 0.1, (round(rate * (seconds + 20)), 1)).astype(np.float32)
            encode(sound, "pcm_s16le", noise, rate)
            script = str(Path(__file__).with_name("window_soak.py"))
            command = [sys.executable, script, "--json", "--silent", "--play", str(sound), "--seconds", str(seconds)]
            done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
            if not done.stdout:
                sys.exit("benchmark: the window could not be measured; leave --window out")
            reports[name] = json.loads(done.stdout)
    own: dict[str, Any] = reports.pop("own")
    return own | reports


def three(times: Percentiles) -> str:
    return "".join(f"{times[name]:10.1f}" for name in ("p50", "p95", "p99"))


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    size = ", ".join(f"{name} {value}" for name, value in report["size"].items())
    lines = [f"{report['machine']}, torch {report['torch']}, {report['threads']} thread; {size}", ""]
    lines.append(f"{'microseconds':24}{'p50':>10}{'p95':>10}{'p99':>10}   times the hot step")
    for name, row in (report["rows"] | {"shipped model": report["shipped"]}).items():
        lines.append(f"{name}, computed by {row['path']}")
        for key, value in row.items():
            if key.endswith("_us") and key not in GROUPS and value is not None:
                lines.append(f"  {key[:-3]:22}{three(value)}{value['p50'] / row['step_us']['p50']:12.1f}")
        lines += [f"  {part + ' alone':22}{three(value)}" for part, value in row["parts_us"].items()]
        lines += [f"  {part + ' bound':22}{three(value)}" for part, value in row["frame_bounds_us"].items()]
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
        window = report["window"]
        lines += ["", f"in a window that is drawn {window['redraws_per_second']} times a second"]
        for said, measured in (("", window), (", halved", window["halved"]), (", resampled", window["resampled"])):
            lines += [f"  {key[:-3] + said:22}{three(measured[key])}" for key in measured if key.endswith("_us")]
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
    parser.add_argument("--papers", action="store_true", help="all systems at the papers' sizes, and nothing else")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the growth (needs the extra `train`)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.papers:
        papers = benchmark_papers.measure(2 if arguments.quick else PAPERS_ROUNDS)
        report: dict[str, Any] = {"machine": machine(), "papers": papers}
        lines = benchmark_papers.table(papers)
    else:
        report = measure_all(*(QUICK_ROUNDS if arguments.quick else ROUNDS))
        if not arguments.quick:
            report["classify"] = benchmark_offline.measure()
        if arguments.window:
            report["window"] = measure_beside_window(QUICK_WINDOW if arguments.quick else WINDOW_SECONDS)
        if arguments.plot is not None:
            plot(report, arguments.plot)
        lines = table(report)
    print(to_json(report) if arguments.json else "\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
