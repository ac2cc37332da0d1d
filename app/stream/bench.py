"""What a frame of a model costs on this machine, part by part, beside what else could compute it; and the steps of all
models. One thread, in turns.

Every call that is timed stands in the middle of a stream with a full window, and does its work for one new frame.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from app.stream.backend import Backend, CompiledBackend, compile_ahead, compile_classifier
from app.stream.measure import Contestant, Percentiles, paced, percentiles
from app.stream.models import load_classifier, name_model, window_tokens
from app.stream.torch_backend import TorchBackend
from audio import FRAME_SECONDS, HOP, StreamingLogMel
from model import Classifier, ModelConfig, WeightsError, read_config, round_weights, step_cost, twin_cost
from model.encoder import Encoder
from model.layers import lay_out_for_single_tokens

if TYPE_CHECKING:  # numba may be broken
    from model.compiled.classifier import CompiledClassifier

log = logging.getLogger(__name__)

Call = Callable[[], object]
Key = TypeVar("Key")

ROUNDS = 30  # for the steps of all models
LARGER_THAN_CACHES = 4_000_000  # numbers of 8 bytes
TOKENS = 64  # different tokens that are stepped through
GROWTH = (64, 256, 387, 1024, 4096)  # tokens of the window
TOLD = (
    *("step", "step_live", "step_paced", "torch_step", "twin", "ordinary"),
    *("frame", "frame_live", "frame_paced", "log_mel", "stem"),
)
RIVALS = ("torch_step", "twin", "ordinary")  # whose times are told as multiples of the step's


@dataclass
class Bench:
    """One model and all that is timed of it. Fast calls are timed hot, in bursts; the slow ones once in every round."""

    classifier: Classifier
    compiled: CompiledClassifier | None  # None where torch computes it
    fast: dict[str, Call]
    slow: dict[str, Call]


def prepare(classifier: Classifier) -> Bench:
    """The frame and its parts, and beside the step torch's own, the twin and an ordinary transformer."""
    compiled = compile_classifier(classifier)
    log_mel, stem, step = frame_parts(classifier, compiled)
    fast = {
        "step": continual_step(classifier, compiled),
        "torch_step": torch_step(classifier.encoder),
        "frame": one_after_the_other(log_mel, stem, step),
        "log_mel": log_mel,
        "stem": stem,
    }
    slow = {"twin": twin(classifier.encoder), "ordinary": ordinary(classifier.config)}
    return Bench(classifier, compiled, fast, slow)


def measure(bench: Bench, rounds: int, paced_rounds: int) -> dict[str, Percentiles]:
    """Microseconds by name: `step_live` and `frame_live` right after something slow, `_paced` once in every 77.5 ms."""
    fast = {name: Contestant(call) for name, call in bench.fast.items()}
    slow = {name: Contestant(call) for name, call in bench.slow.items()}
    for _ in range(rounds):
        for contestant in fast.values():
            contestant.burst()
        for contestant in slow.values():
            contestant.single()
            fast["step"].single()
        fast["frame"].single()
    return (
        {name: percentiles(each.hot) for name, each in fast.items()}
        | {name: percentiles(each.live) for name, each in slow.items()}
        | {f"{name}_live": percentiles(fast[name].live) for name in ("frame", "step")}
        | {f"{name}_paced": paced(fast[name], FRAME_SECONDS, paced_rounds) for name in ("frame", "step")}
    )


def describe(bench: Bench, times: dict[str, Percentiles]) -> dict[str, Any]:
    """What was measured of `prepare`'s calls, for JSON; `ratios` are of medians, to the hot step."""
    config, step = bench.classifier.config, times["step"]["p50"]
    return {
        "path": "torch" if bench.compiled is None else "compiled",
        **{f"{name}_us": times[name] for name in TOLD},
        "ratios": {name: times[name]["p50"] / step for name in RIVALS}
        | {"twin_live": times["twin"]["p50"] / times["step_live"]["p50"]},
        "flops": {"step": step_cost(config).encoder, "twin": twin_cost(config).encoder},  # all but the stem
        "state_bytes": state_bytes(bench.classifier, bench.compiled),
        "weight_bytes": weight_bytes(bench.classifier, bench.compiled),
    }


def measure_growth(configs: Iterable[ModelConfig], rounds: int) -> list[dict[str, Any]]:
    """For each: the step, the same with exact attention (its fair rival, as carefully compiled), and the twins."""
    fast, slow, sizes = [], [], []
    for config in configs:
        classifier, rival = make_classifier(config), make_classifier(exact(config))
        compiled, compiled_rival = compile_classifier(classifier), compile_classifier(rival)
        step, exact_step = continual_step(classifier, compiled), continual_step(rival, compiled_rival)
        fast.append({"step_us": Contestant(step), "exact_us": Contestant(exact_step)})
        slow.append({"twin_us": Contestant(twin(classifier.encoder)), "ordinary_us": Contestant(ordinary(config))})
        sizes.append(state_bytes(classifier, compiled))
    for _ in range(rounds):
        for contestant in (each for timed in fast for each in timed.values()):
            contestant.burst()
        for contestant in (each for timed in slow for each in timed.values()):
            contestant.single()
    return [
        {key: percentiles(each.hot) for key, each in steps.items()}
        | {key: percentiles(each.live) for key, each in twins.items()}
        | {"state_bytes": size}
        for steps, twins, size in zip(fast, slow, sizes, strict=True)
    ]


def measure_windows(config: ModelConfig, rounds: int) -> list[dict[str, Any]]:
    """The growth of this model with its window."""
    grown = measure_growth([replace(config, window=window) for window in GROWTH], rounds)
    return [{"n": window, **times} for window, times in zip(GROWTH, grown, strict=True)]


@dataclass(frozen=True)
class ModelStep:
    """What a step of one model takes, with a full window, computed as the program does."""

    name: str
    weights: Path
    backend: str  # "compiled" or "torch"
    step_us: Percentiles


def measure_models(weights: Sequence[Path], window_seconds: float, rounds: int = ROUNDS) -> list[ModelStep]:
    """The fastest first; without what cannot be read or cannot have this window.

    The models that ship have weights of their own and give other answers: the fastest is an offer and no switch.
    """
    tokens = window_tokens(window_seconds)
    steps = measure_steps({file: partial(load_classifier, file, tokens) for file in weights}, rounds)
    measured = [ModelStep(name_model(read_config(file)).name, file, *step) for file, step in steps.items()]
    return sorted(measured, key=lambda model: model.step_us["p50"])


@torch.inference_mode()
def measure_steps(
    loaders: Mapping[Key, Callable[[], Classifier]], rounds: int = ROUNDS, live: bool = False
) -> dict[Key, tuple[str, Percentiles]]:
    """The backend of each, and microseconds of a step, with full windows, timed in turns; without what raises
    WeightsError or ValueError when it is loaded. live: each once after something else has filled the caches.
    """
    others = np.zeros(LARGER_THAN_CACHES)
    compile_ahead()
    timed: dict[Key, tuple[str, Contestant]] = {}
    for key, load in loaders.items():
        try:
            classifier = load()
        except (WeightsError, ValueError) as error:
            log.info("%s is not measured: %s", key, error)
            continue
        compiled = compile_classifier(classifier)
        backend = "torch" if compiled is None else "compiled"
        timed[key] = backend, Contestant(continual_step(classifier, compiled))
    for _ in range(rounds):
        for _, contestant in timed.values():
            if live:
                others += 1.0
                contestant.single()
            else:
                contestant.burst()
    return {key: (backend, percentiles(each.live if live else each.hot)) for key, (backend, each) in timed.items()}


def make_classifier(config: ModelConfig) -> Classifier:
    """A model of these sizes, for times, with weights rounded as training does; its answers mean nothing."""
    torch.manual_seed(0)
    classifier = Classifier(config)
    round_weights(classifier)
    return classifier.for_inference()


def exact(config: ModelConfig) -> ModelConfig:
    return replace(config, attention="softmax")


def continual_step(classifier: Classifier, compiled: CompiledClassifier | None) -> Call:
    """The step as the program computes it."""
    return torch_step(classifier.encoder) if compiled is None else compiled_step(compiled)


def torch_step(encoder: Encoder) -> Call:
    """The continual step in torch."""
    _, state = encoder.steps(torch.randn(1, 2 * encoder.config.window, encoder.config.width), encoder.init_state())
    tokens = cycle(torch.randn(TOKENS, 1, encoder.config.width).unbind(0))

    def step() -> None:
        nonlocal state
        _, state = encoder.step(next(tokens), state)

    return step


def compiled_step(compiled: CompiledClassifier) -> Call:
    """The continual step, compiled."""
    random, config = np.random.default_rng(0), compiled.config
    state = compiled.init_state()
    compiled.encode(random.normal(size=(2 * config.window, config.width)).astype(np.float32), state)
    tokens = cycle(random.normal(size=(TOKENS, 1, config.width)).astype(np.float32))
    return lambda: compiled.encode(next(tokens), state)


def twin(encoder: Encoder) -> Call:
    """The same encoder over what an answer depends on, from nothing; fixed landmarks are prepared."""
    tokens, landmarks = torch.randn(1, encoder.config.history, encoder.config.width), encoder.prepare()
    return lambda: encoder.recompute(tokens, 4 * encoder.config.history, landmarks)


def ordinary(config: ModelConfig) -> Call:
    """A sliding-window transformer of these sizes: exact attention by torch's fused kernel, all outputs."""
    encoder = Encoder(replace(exact(config), stacking="deep", blocks=1)).eval()
    lay_out_for_single_tokens(encoder)
    return twin(encoder)


def frame_parts(classifier: Classifier, compiled: CompiledClassifier | None) -> tuple[Call, Call, Call]:
    """From the samples of a hop to an answer: log-mel, then token, then step."""
    backend: Backend = TorchBackend(classifier) if compiled is None else CompiledBackend(compiled)
    log_mel, random = StreamingLogMel(), np.random.default_rng(0)
    samples = (0.1 * random.normal(size=HOP)).astype(np.float32)
    while not len(log_mel.push(samples)):
        pass
    config = classifier.config
    backend.encode(backend.tokenize(random.normal(-30.0, 12.0, (2 * config.window, config.bands)).astype(np.float32)))
    frame = random.normal(-30.0, 12.0, (1, config.bands)).astype(np.float32)
    token = backend.tokenize(frame)
    return lambda: log_mel.push(samples), lambda: backend.tokenize(frame), lambda: backend.encode(token)


def one_after_the_other(*calls: Call) -> Call:
    def run() -> None:
        for call in calls:
            call()

    return run


def state_bytes(classifier: Classifier, compiled: CompiledClassifier | None) -> int:
    """What the encoder of what is timed remembers of one stream; torch's in closed form."""
    if compiled is None:
        return step_cost(classifier.config).state_bytes
    return compiled.init_state().encoder.nbytes


def weight_bytes(classifier: Classifier, compiled: CompiledClassifier | None) -> int:
    """What one frame reads of the model's weights, tokenizer and encoder, as they are stored."""
    if compiled is None:
        return sum(parameter.nbytes for parameter in classifier.parameters())
    stem = compiled.tokenizing
    return sum(each.nbytes for each in (stem.weights, stem.standard, stem.projection, compiled.blocks, compiled.head))
