"""The measurements: one size with everything beside it, and the growth with the window and with landmarks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch

from app.bench import contestants
from app.bench.contestants import Call, compile_classifier
from app.bench.frame_bounds import stem_products, transforms
from app.bench.parts import bare_products, step_parts
from app.stream.measure import Contestant, Percentiles, paced, percentiles
from audio import FRAME_SECONDS
from model import Classifier, ModelConfig, round_weights, step_cost, twin_cost

GROWTH = (64, 256, 387, 1024, 4096)
LANDMARKS = (4, 8, 16, 32, 64)
STREAMS = 64
FLOAT32_BOUNDS = ("float32_loops", "blas")
BOUNDS = ("loops", *FLOAT32_BOUNDS)


def measure_size(classifier: Classifier, rounds: int, paced_rounds: int) -> dict[str, Any]:
    """One model's block(s) and its whole frame, with all that it is compared with."""
    config, compiled = classifier.config, compile_classifier(classifier)
    whole = compile_classifier(classifier, halves=False)
    hear, tokenize, step_on = contestants.frame_parts(classifier, compiled)

    bare: dict[str, Call] = {}
    if compiled is not None and whole is not None:
        bare = bare_products(compiled, whole) | transforms() | stem_products(compiled, whole)
        bare["frame_bare"] = _one_after_the_other(bare["transform_loops"], bare["stem_loops"], bare["loops"])
    calls: dict[str, Call | None] = {
        "step": contestants.torch_step(classifier.encoder) if compiled is None else contestants.compiled_step(compiled),
        "torch_step": contestants.torch_step(classifier.encoder),
        "peer": contestants.peer(config),
        "frame": _one_after_the_other(hear, tokenize, step_on),
        "log_mel": hear,
        "stem": tokenize,
        **bare,
        **({} if compiled is None else step_parts(compiled)),
        "batch": None if compiled is None else contestants.batch_step(compiled, STREAMS),
    }
    slow: dict[str, Call] = {
        "twin": contestants.twin(classifier.encoder),
        "ordinary": contestants.ordinary(config),
        "torch_encoder": contestants.torch_encoder(config),
    }
    hot = {name: Contestant(call) for name, call in calls.items() if call is not None}
    live = {name: Contestant(call) for name, call in slow.items()}
    for _ in range(rounds):
        for contestant in hot.values():
            contestant.burst()
        for contestant in live.values():
            contestant.single()
            hot["step"].single()
        hot["frame"].single()
    times: dict[str, Percentiles] = {name: percentiles(each.hot) for name, each in hot.items()}
    times |= {name: percentiles(each.live) for name, each in live.items()}
    paced_frame, paced_step = (paced(hot[name], FRAME_SECONDS, paced_rounds) for name in ("frame", "step"))
    bound, whole_bound = _faster(times, *BOUNDS), _faster(times, *FLOAT32_BOUNDS)
    frame_bounds = {
        "log_mel": _faster(times, "transform_loops", "transform_numpy"),
        "stem": _faster(times, "stem_loops", "stem_blas"),
        "step": bound,
    }
    frame_bound = None if bound is None else _sum(frame_bounds.values())
    step_us = times["step"]["p50"]
    return {
        "path": "torch" if compiled is None else "compiled",
        "step_us": times["step"],
        "step_live_us": percentiles(hot["step"].live),
        "step_paced_us": paced_step,
        "torch_step_us": times["torch_step"],
        "twin_us": times["twin"],
        "ordinary_us": times["ordinary"],
        "torch_encoder_us": times["torch_encoder"],
        "peer_us": times.get("peer"),
        "bound_us": bound,
        "bounds_us": {name: times[name] for name in BOUNDS if name in times},
        "frame_us": times["frame"],
        "frame_bound_us": frame_bound,
        "frame_bounds_us": {name: each for name, each in frame_bounds.items() if each is not None},
        "frame_bare_us": times.get("frame_bare"),
        "frame_live_us": percentiles(hot["frame"].live),
        "frame_paced_us": paced_frame,
        "log_mel_us": times["log_mel"],
        "stem_us": times["stem"],
        "parts_us": {
            name: times[name] for name in ("projections", "attention", "feed_forward", "head") if name in times
        },
        "streams_per_core": None
        if "batch" not in times
        else round(STREAMS / (times["batch"]["p50"] * 1e-6) * FRAME_SECONDS),
        "ratios": {  # of medians, to the hot step
            name: times[name]["p50"] / step_us
            for name in ("torch_step", "twin", "ordinary", "torch_encoder", "peer")
            if name in times
        }
        | {"twin_live": times["twin"]["p50"] / percentiles(hot["step"].live)["p50"]}
        | ({} if bound is None else {"step_to_bound": step_us / bound["p50"]})
        | ({} if whole_bound is None else {"step_to_float32_bound": step_us / whole_bound["p50"]})
        | ({} if frame_bound is None else {"frame_to_bound": times["frame"]["p50"] / frame_bound["p50"]}),
        "flops": {"step": _encoder(step_cost(config)), "twin": _encoder(twin_cost(config))},
        "state_bytes": contestants.state_bytes(classifier, compiled),
        "weight_bytes": contestants.weight_bytes(classifier, compiled),
    }


def measure_growth(config: ModelConfig, rounds: int) -> list[dict[str, Any]]:
    """The step of this model for windows of all lengths, beside the equally compiled exact step and the twins."""
    return [{"n": at.window, **times} for at, times in _grow((replace(config, window=n) for n in GROWTH), rounds)]


def measure_landmarks(config: ModelConfig, rounds: int) -> list[dict[str, Any]]:
    """The same for numbers of landmarks."""
    counts = (replace(config, landmark_count=count) for count in LANDMARKS)
    return [{"landmarks": at.landmark_count, **times} for at, times in _grow(counts, rounds)]


def _grow(configs: Iterable[ModelConfig], rounds: int) -> list[tuple[ModelConfig, dict[str, Any]]]:
    grown = []
    for config in configs:
        calls = _continual(config)
        slow = {"twin_us": contestants.twin(make(config).encoder), "ordinary_us": contestants.ordinary(config)}
        grown.append(
            (
                config,
                {key: Contestant(call) for key, call in calls.items()},
                {k: Contestant(c) for k, c in slow.items()},
            )
        )
    for _ in range(rounds):
        for _, hot, _ in grown:
            for contestant in hot.values():
                contestant.burst()
        for _, _, slowly in grown:
            for contestant in slowly.values():
                contestant.single()
    return [
        (
            config,
            {key: percentiles(each.hot) for key, each in hot.items()}
            | {key: percentiles(each.live) for key, each in slowly.items()}
            | {"state_bytes": _state_bytes(config)},
        )
        for config, hot, slowly in grown
    ]


def _continual(config: ModelConfig) -> dict[str, Call]:
    """The step of a model, and of the same with exact attention: its fair rival."""
    steps = {}
    for key, each in (("step_us", config), ("exact_us", replace(config, attention="softmax"))):
        classifier = make(each)
        compiled = compile_classifier(classifier)
        encoder = classifier.encoder
        steps[key] = contestants.torch_step(encoder) if compiled is None else contestants.compiled_step(compiled)
    return steps


def _one_after_the_other(*calls: Call) -> Call:
    def run() -> None:
        for call in calls:
            call()

    return run


def make(config: ModelConfig) -> Classifier:
    """A model of these sizes, for times, with weights rounded as training does; its answers mean nothing."""
    torch.manual_seed(0)
    classifier = Classifier(config)
    round_weights(classifier)
    return classifier.for_inference()


def _faster(times: dict[str, Percentiles], *names: str) -> Percentiles | None:
    """None where none of them was timed."""
    return min((times[name] for name in names if name in times), key=lambda each: each["p50"], default=None)


def _sum(parts: Iterable[Percentiles | None]) -> Percentiles:
    """Percentile by percentile."""
    there = [part for part in parts if part is not None]
    return {name: round(sum(part[name] for part in there), 2) for name in ("p50", "p95", "p99")}


def _encoder(cost: Any) -> int:
    """What is timed as a step: all but the stem."""
    flops: int = cost.encoder
    return flops


def _state_bytes(config: ModelConfig) -> int:
    classifier = make(config)
    return contestants.state_bytes(classifier, compile_classifier(classifier))
