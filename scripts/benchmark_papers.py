"""`benchmark.py --papers`: what the papers' tables have beside FLOPs, for every system at their sizes, measured here.

Predictions per second, the bytes that are remembered of a stream, and the most that one prediction allocates beside
these and the weights. One stream, one thread, hot, in turns; encoder and head, without the layer that makes tokens of
features. Window models are computed from nothing, all tokens through all blocks. Energy is not measured.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from app.stream.backend import compile_classifier
from app.stream.bench import Call, compiled_step, make_classifier, torch_step, twin
from app.stream.measure import Contestant, percentiles
from model import Classifier, EncoderConfig, ModelConfig, step_cost, twin_cost
from model.config import BlockConfig
from model.presets import GTZAN, co_oadtr

HEADING = "at the papers' sizes; energy is not measured"
SIZES = {"OadTR": (co_oadtr(1).encoder, co_oadtr(1).classes), "GTZAN": (GTZAN, GTZAN.outputs)}
RETROACTIVE: dict[str, Any] = {"blocks": 2, "stacking": "retroactive"}
STACKS: dict[str, dict[str, Any]] = {"b1": {"blocks": 1}, "b2": RETROACTIVE, "b2 deep": {"blocks": 2}}
CONTINUAL: dict[str, Any] = {"attention": "nystrom", "landmarks": "continual"}
FIXED: dict[str, Any] = {"attention": "nystrom", "landmarks": "fixed"}
WINDOWS: dict[str, dict[str, Any]] = {
    "Transformer": {"attention": "softmax"},
    "Nystromformer": CONTINUAL,
}  # deep stacks have none of their own
STEPS: dict[str, dict[str, Any]] = {
    "Continual Transformer": {"attention": "softmax"},
    "Continual Nystrom, continual landmarks": CONTINUAL,
    "Continual Nystrom, fixed landmarks": FIXED,
    "Gaussian": {"attention": "gaussian"},
}


@dataclass(frozen=True)
class System:
    """One line of the table."""

    size: str  # whose sizes
    stack: str
    name: str
    backend: str  # "compiled", "torch" or "continual-inference"
    call: Call
    state_bytes: int
    peak_bytes: int


@torch.inference_mode()
def measure(rounds: int) -> list[dict[str, Any]]:
    """Microseconds of every system, in turns."""
    timed = [(system, Contestant(system.call)) for system in systems()]
    for _ in range(rounds):
        for system, contestant in timed:
            contestant.single() if system.name in WINDOWS else contestant.burst()
    lines = []
    for system, contestant in timed:
        times = percentiles(contestant.hot or contestant.live)
        said = {field.name: getattr(system, field.name) for field in fields(system) if field.name != "call"}
        lines.append(said | {"us": times, "predictions_per_second": round(1e6 / times["p50"])})
    return lines


def systems() -> Iterator[System]:
    for size, (preset, classes) in SIZES.items():
        for stack, blocks in STACKS.items():
            for name, attention in (WINDOWS if stack != "b2 deep" else {}).items():
                yield window_model(size, stack, name, replace(preset, **blocks, **attention, outputs=classes))
            for name, attention in STEPS.items():
                yield from steps(size, stack, name, replace(preset, **blocks, **attention, outputs=classes))


def make(config: EncoderConfig) -> Classifier:
    """One with this encoder, because classifiers are what is compiled; its stem is not timed."""
    sizes = {each.name: getattr(config, each.name) for each in fields(BlockConfig)}
    return make_classifier(ModelConfig(**sizes, genres=tuple(f"class {number}" for number in range(config.outputs))))


def window_model(size: str, stack: str, name: str, config: EncoderConfig) -> System:
    call = twin(make(config).encoder)
    return System(size, stack, name, "torch", call, twin_cost(config).state_bytes, peak(call))


def steps(size: str, stack: str, name: str, config: EncoderConfig) -> Iterator[System]:
    """In torch; compiled where that is covered; and the peer's, where it has it."""
    classifier = make(config)
    state_bytes = step_cost(config).state_bytes
    call = torch_step(classifier.encoder)
    yield System(size, stack, name, "torch", call, state_bytes, peak(call))
    if (compiled := compile_classifier(classifier)) is not None:
        streams = compiled.init_streams(1)
        yield System(size, stack, name, "compiled", compiled_step(compiled), streams.nbytes, streams.work.nbytes)
    if (theirs := peer(config)) is not None:
        call, encoder = theirs
        yield System(size, stack, name, "continual-inference", call, remembered_bytes(encoder), peak(call))


def peak(call: Call) -> int:
    """The most bytes that one call has allocated at a time, as torch's allocator tells; what it gives back is among
    them."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else it tells standard error of every start and stop
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        call()
    held = most = 0
    recorded = profiled.profiler.kineto_results.events()
    for event in sorted((each for each in recorded if each.name() == "[memory]"), key=lambda each: each.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most


def peer(config: BlockConfig) -> tuple[Call, nn.Module] | None:
    """A step of continual-inference's encoder of these sizes, and the encoder, which keeps the state; None where that
    is not installed or does not have it.
    """
    exact = config.attention == "softmax" and (config.blocks == 1 or config.stacking == "retroactive")
    if not exact or importlib.util.find_spec("continual") is None:
        return None
    continual = importlib.import_module("continual")
    torch.set_default_device(None)  # importing it sets one, which slows every later call of torch
    activation = nn.GELU("tanh" if config.activation == "gelu-tanh" else "none")
    sizes = (config.width, config.heads, config.feed_forward, 0.0, activation)
    if config.blocks == 1:
        encoder = continual.SingleOutputTransformerEncoderLayer(*sizes, sequence_len=config.window)
    else:
        layers = continual.TransformerEncoderLayerFactory(*sizes, sequence_len=config.window)
        encoder = continual.TransformerEncoder(layers, config.blocks)
    encoder.eval()
    token = torch.randn(1, config.width)
    for _ in range(2 * config.window):
        encoder.forward_step(token)
    return lambda: encoder.forward_step(token), encoder


def remembered_bytes(encoder: nn.Module) -> int:
    """Of all tensors in the states of its modules; a container says nothing of its parts' ones."""
    asked = [getattr(module, "get_state", None) for module in encoder.modules()]
    states: list[Any] = [get_state() for get_state in asked if callable(get_state)]
    found: dict[int, Tensor] = {}
    while states:
        state = states.pop()
        if isinstance(state, Tensor):
            found[id(state)] = state
        elif isinstance(state, (tuple, list)):
            states += state
    return sum(tensor.nbytes for tensor in found.values())


def table(lines: list[dict[str, Any]]) -> list[str]:
    """For a reader."""
    said = [f"{HEADING:62}{'predictions/s':>14}{'us':>10}{'state KB':>10}{'peak KB':>9}"]
    for line in lines:
        name = f"{line['size']} {line['stack']}: {line['name']}, {line['backend']}"
        said.append(
            f"{name:62}{line['predictions_per_second']:14}{line['us']['p50']:10.1f}"
            f"{line['state_bytes'] / 1e3:10.1f}{line['peak_bytes'] / 1e3:9.1f}"
        )
    return said
