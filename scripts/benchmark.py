"""Time the continual steps beside what they replace: one process, one torch thread, interleaved, ratios of one run.

    python3 scripts/benchmark.py            (a table)
    python3 scripts/benchmark.py --json     (one JSON object; all times in microseconds)

For every attention at the reference size: the step of an encoder block; its non-continual twin, the same block
recomputed over the window; torch.nn.TransformerEncoderLayer on the window; and, where continual-inference is installed,
its single-output layer. `step_us` is hot: steps in bursts, as fast as they go. `step_live_us` is live: every step right
after something else has filled the caches. Where no attention is named, it is Nystrom attention with fixed landmarks.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

import numpy as np
import torch
from torch import nn

from audio import HOP, StreamingLogMel
from model import Classifier, Cost, ModelConfig, step_cost, twin_cost
from model.block import EncoderBlock
from model.layers import lay_out_for_single_tokens
from scripts import benchmark_offline

REFERENCE = ModelConfig(window=387, width=192, heads=8, feed_forward=384, landmark_count=16)
ROWS = {
    "softmax": replace(REFERENCE, attention="softmax"),
    "nystrom-continual": replace(REFERENCE, landmarks="continual"),
    "nystrom-fixed": REFERENCE,
}
NAMED = "nystrom-fixed"
GROWTH = (64, 256, 387, 1024, 4096)
WARM_UP, BURST = 5, 15  # steps of a burst that are not timed, and that are
ROUNDS, GROWTH_ROUNDS = 150, 50
QUICK_ROUNDS = 6
TOKENS = 64  # different tokens that are stepped through

Percentiles = dict[str, float]


@dataclass
class Contestant:
    """Something that is timed, and its times in nanoseconds."""

    run: Callable[[], object]
    hot: list[int] = field(default_factory=list)
    live: list[int] = field(default_factory=list)

    def burst(self) -> None:
        for _ in range(WARM_UP):
            self.run()
        self.hot += [self._once() for _ in range(BURST)]

    def single(self) -> None:
        self.live.append(self._once())

    def _once(self) -> int:
        began = time.perf_counter_ns()
        self.run()
        return time.perf_counter_ns() - began


class Step:
    """A continual block in the middle of a stream."""

    def __init__(self, config: ModelConfig) -> None:
        self.block = EncoderBlock(config).eval()
        lay_out_for_single_tokens(self.block)
        tokens = torch.randn(1, 2 * config.window, config.width)
        _, self.state = self.block.steps(tokens, self.block.attention.init_state())
        self.tokens = torch.randn(TOKENS, 1, config.width).unbind(0)
        self.index = 0

    def __call__(self) -> None:
        self.index = (self.index + 1) % TOKENS
        _, self.state = self.block.step(self.tokens[self.index], self.state)

    def state_bytes(self) -> int:
        return sum(_storages(self.state).values())


def make_twin(block: EncoderBlock) -> Callable[[], object]:
    """The same block on the window; fixed landmarks are prepared, and the window is there already."""
    history = block.attention.kernel.history
    tokens = torch.randn(1, history, block.config.width)
    landmarks = block.attention.kernel.prepare(1)
    return lambda: block.recompute(tokens, 4 * history, landmarks)


def make_torch_encoder(config: ModelConfig) -> Callable[[], object]:
    """With relu, its fastest: torch's fused layer knows no approximate gelu."""
    layer = nn.TransformerEncoderLayer(
        config.width, config.heads, config.feed_forward, 0.0, "relu", batch_first=True, norm_first=True
    ).eval()
    tokens = torch.randn(1, config.window, config.width)
    return lambda: layer(tokens)


def make_peer(config: ModelConfig) -> Callable[[], object] | None:
    """The single-output layer of continual-inference in the middle of a stream; None where it is not installed."""
    if importlib.util.find_spec("continual") is None:
        return None
    continual = importlib.import_module("continual")
    torch.set_default_device(None)  # importing it sets one, which slows every later call of torch
    layer = continual.SingleOutputTransformerEncoderLayer(
        config.width, config.heads, config.feed_forward, 0.0, nn.GELU("tanh"), sequence_len=config.window
    ).eval()
    token = torch.randn(1, config.width)
    for _ in range(2 * config.window):
        layer.forward_step(token)
    return lambda: layer.forward_step(token)


def make_frame(config: ModelConfig) -> Callable[[], object]:
    """All that happens from the samples of a hop to the logits: log-mel, stem, block, head."""
    classifier, log_mel = Classifier(config).for_inference(), StreamingLogMel()
    random = np.random.default_rng(0)
    samples = 0.1 * random.normal(size=HOP).astype(np.float32)
    log_mel.push(samples)
    _, state = classifier.steps(torch.randn(1, 2 * config.window, config.bands), classifier.init_state())

    def frame() -> None:
        nonlocal state
        for bands in log_mel.push(samples):
            _, state = classifier.step(torch.from_numpy(bands).unsqueeze(0), state)

    return frame


def measure(rounds: int, growth_rounds: int) -> dict[str, Any]:
    """The whole report."""
    torch.manual_seed(0)
    peer_run = make_peer(REFERENCE)
    peer = Contestant(peer_run) if peer_run else None
    steps = {name: Step(config) for name, config in ROWS.items()}
    timed = {name: Contestant(step) for name, step in steps.items()}
    twins = {name: Contestant(make_twin(step.block)) for name, step in steps.items()}
    encoder, frame = Contestant(make_torch_encoder(REFERENCE)), Contestant(make_frame(REFERENCE))
    for _ in range(rounds):
        for contestant in (*timed.values(), frame, *([peer] if peer else [])):
            contestant.burst()
        for name, contestant in timed.items():
            twins[name].single()
            contestant.single()
        encoder.single()
        for contestant in (frame, *([peer] if peer else [])):
            contestant.single()
    rows = {
        name: _row(config, timed[name], twins[name], encoder, peer) | {"state_bytes": steps[name].state_bytes()}
        for name, config in ROWS.items()
    }
    return {
        "machine": machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "size": {name: getattr(REFERENCE, name) for name in ("window", "width", "heads", "feed_forward")}
        | {"landmarks": REFERENCE.landmark_count, "blocks": REFERENCE.blocks},
        **rows[NAMED],
        "frame_us": percentiles(frame.hot),
        "frame_live_us": percentiles(frame.live),
        "growth": grow(growth_rounds),
        "rows": rows,
    }


def grow(rounds: int) -> list[dict[str, Any]]:
    """The step with fixed landmarks, hot, and its twin, for windows of all lengths."""
    steps = {window: Step(replace(REFERENCE, window=window)) for window in GROWTH}
    timed = {window: Contestant(step) for window, step in steps.items()}
    twins = {window: Contestant(make_twin(step.block)) for window, step in steps.items()}
    for _ in range(rounds):
        for contestant in timed.values():
            contestant.burst()
        for contestant in twins.values():
            contestant.single()
    return [
        {
            "n": window,
            "step_us": percentiles(timed[window].hot),
            "twin_us": percentiles(twins[window].live),
            "state_bytes": steps[window].state_bytes(),
        }
        for window in GROWTH
    ]


def percentiles(nanoseconds: list[int]) -> Percentiles:
    """In microseconds."""
    return {f"p{share}": round(float(np.percentile(nanoseconds, share)) / 1000, 2) for share in (50, 95, 99)}


def machine() -> str:
    """The processor's name, as far as the system tells."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    size = ", ".join(f"{name} {value}" for name, value in report["size"].items())
    lines = [f"{report['machine']}, torch {report['torch']}, {report['threads']} thread; {size}", ""]
    lines.append(f"{'microseconds':24}{'p50':>10}{'p95':>10}{'p99':>10}   times the hot step")
    for name, row in report["rows"].items():
        for key in ("step_us", "step_live_us", "twin_us", "torch_encoder_us", "peer_us"):
            if row[key]:
                ratio = row[key]["p50"] / row["step_us"]["p50"]
                lines.append(f"{name if key == 'step_us' else '  ' + key[:-3]:24}{_three(row[key])}{ratio:12.1f}")
    lines += [f"{'whole frame':24}{_three(report['frame_us'])}", f"{'  live':24}{_three(report['frame_live_us'])}", ""]
    lines.append(f"growth of {NAMED} with the window")
    for point in report["growth"]:
        step, twin = point["step_us"]["p50"], point["twin_us"]["p50"]
        lines.append(
            f"  n {point['n']:>5}: step {step:8.1f}, twin {twin:10.1f}, {point['state_bytes']:>9} bytes of state"
        )
    return [*lines, "", *benchmark_offline.table(report["classify"])] if "classify" in report else lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--quick", action="store_true", help="a few rounds only, to see that it runs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with torch.inference_mode():
        rounds = (QUICK_ROUNDS, QUICK_ROUNDS) if arguments.quick else (ROUNDS, GROWTH_ROUNDS)
        report = measure(*rounds)
    if not arguments.quick:
        report["classify"] = benchmark_offline.measure()
    print(json.dumps(report) if arguments.json else "\n".join(table(report)))
    return 0


def _row(
    config: ModelConfig, step: Contestant, twin: Contestant, encoder: Contestant, peer: Contestant | None
) -> dict[str, Any]:
    step_us, twin_us, encoder_us = percentiles(step.hot), percentiles(twin.live), percentiles(encoder.live)
    live_us, peer_us = percentiles(step.live), percentiles(peer.hot) if peer else None
    return {
        "step_us": step_us,
        "step_live_us": live_us,
        "twin_us": twin_us,
        "torch_encoder_us": encoder_us,
        "peer_us": peer_us,
        "peer_live_us": percentiles(peer.live) if peer else None,
        "ratios": {  # of medians
            "twin": twin_us["p50"] / step_us["p50"],
            "twin_live": twin_us["p50"] / live_us["p50"],
            "torch_encoder": encoder_us["p50"] / step_us["p50"],
            "peer": peer_us["p50"] / step_us["p50"] if peer_us else None,
        },
        "flops": {"step": _block_flops(step_cost(config)), "twin": _block_flops(twin_cost(config))},
    }


def _block_flops(cost: Cost) -> int:
    """What is timed: all but the stem and the head."""
    return cost.encoder - cost.parts["head"]


def _storages(value: object) -> dict[int, int]:
    """Address and bytes of all memory that the tensors in a state use."""
    if isinstance(value, torch.Tensor):
        storage = value.untyped_storage()
        return {storage.data_ptr(): storage.nbytes()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = [*vars(value).values(), *(getattr(value, each.name) for each in fields(value))]
    elif isinstance(value, tuple):
        parts = list(value)
    else:
        return {}
    return {address: size for part in parts for address, size in _storages(part).items()}


def _three(values: Percentiles) -> str:
    return "".join(f"{values[name]:10.1f}" for name in ("p50", "p95", "p99"))


if __name__ == "__main__":
    sys.exit(main())
