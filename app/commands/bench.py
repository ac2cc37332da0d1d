"""`nystream bench`: what a frame costs here, part by part, hot and in one thread."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from typing import Any

from app.commands.usage import UsageError

SCHEMA = "nystream-bench-1"
WARM_UP = 50  # frames, at least


def run_bench(options: argparse.Namespace) -> int:
    """Percentiles in microseconds. Raises UsageError."""
    if options.frames < 1:
        raise UsageError(f"--frames {options.frames} is too few: give 1 or more")
    from app.cli import EXIT_NO_MODEL, EXIT_OK
    from app.offline.model_identity import identify
    from model import WeightsError, load_classifier, step_cost, twin_cost

    try:
        classifier = load_classifier(options.weights)
    except WeightsError as error:
        print(f"nystream: {error}", file=sys.stderr)
        return EXIT_NO_MODEL
    times = time_frames(classifier, options.frames)
    config = classifier.config
    figures: dict[str, Any] = {
        "schema": SCHEMA,
        "machine": f"{platform.processor() or platform.machine()}, {platform.system()}",
        "model": identify(options.weights),
        "frames": options.frames,
        **{name: percentiles(values) for name, values in times.items()},
        "flops": {"step": step_cost(config).total, "twin": twin_cost(config).total},
    }
    if options.json:
        print(json.dumps(figures, indent=1))
        return EXIT_OK
    print(f"{figures['machine']}, one thread, {options.frames} frames; microseconds p50 (p95, p99)")
    for name in times:
        print(f"{name.removesuffix('_us'):10}{'{p50:10.0f} ({p95:.0f}, {p99:.0f})'.format(**figures[name])}")
    print(f"twin / step: {figures['twin_us']['p50'] / figures['step_us']['p50']:.1f} in time, ", end="")
    print(f"{figures['flops']['twin'] / figures['flops']['step']:.1f} in FLOPs with the stem in both")
    return EXIT_OK


def time_frames(classifier: Any, frames: int) -> dict[str, list[float]]:
    """Microseconds of every frame by part, on noise, with the window full."""
    import numpy as np
    import torch

    from audio import BANDS, HOP, StreamingLogMel
    from model import WindowTwin

    torch.set_num_threads(1)
    noise = np.random.default_rng(0).normal(0, 0.1, HOP).astype(np.float32)
    log_mel, twin = StreamingLogMel(), WindowTwin(classifier.encoder)
    tokens, encoder, window = (
        classifier.tokenizer.init_state(),
        classifier.encoder.init_state(),
        twin.init_state(),
    )
    frame = np.zeros((0, BANDS), np.float32)
    while not len(frame):
        frame = log_mel.push(noise)
    times: dict[str, list[float]] = {name: [] for name in ("log_mel_us", "stem_us", "step_us", "frame_us", "twin_us")}
    with torch.inference_mode():
        for index in range(classifier.config.window + WARM_UP + frames):
            began = time.perf_counter_ns()
            heard = log_mel.push(noise)
            framed = time.perf_counter_ns()
            token, tokens = classifier.tokenizer.step(torch.from_numpy(heard), tokens)
            tokenized = time.perf_counter_ns()
            _, encoder = classifier.encoder.step(token, encoder)
            stepped = time.perf_counter_ns()
            _, window = twin.step(token, window)
            recomputed = time.perf_counter_ns()
            if index >= classifier.config.window + WARM_UP:
                parts = framed - began, tokenized - framed, stepped - tokenized, stepped - began, recomputed - stepped
                for values, part in zip(times.values(), parts, strict=True):
                    values.append(part / 1000)
    return times


def percentiles(microseconds: list[float]) -> dict[str, float]:
    """p50, p95 and p99."""
    import numpy as np

    return dict(zip(("p50", "p95", "p99"), np.percentile(microseconds, (50, 95, 99)).round(2).tolist(), strict=True))
