"""The closed form against a counter of every operation, and against the bytes that a state really holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import pytest
import torch

from model import Classifier, Cost, EncoderConfig, ModelConfig, WindowTwin, history_frames, step_cost, twin_cost
from model.attention_cost import step_flops
from model.block import EncoderBlock
from tests.model.conftest import SMALL, music, small_classifier
from tests.model.family import every_row
from tests.model.flop_counter import FlopCounter
from tests.own_process import run_python

SOFTMAX: dict[str, Any] = {"attention": "softmax"}
GAUSSIAN: dict[str, Any] = {"attention": "gaussian"}
CONTINUAL: dict[str, Any] = {"landmarks": "continual"}
RETROACTIVE: dict[str, Any] = {"blocks": 2, "stacking": "retroactive"}

ROWS: dict[str, dict[str, Any]] = {
    "softmax": SOFTMAX,
    "softmax retroactive": SOFTMAX | RETROACTIVE,
    "softmax deep": SOFTMAX | {"blocks": 3},
    "softmax retroactive, three blocks": SOFTMAX | RETROACTIVE | {"blocks": 3},
    "gaussian": GAUSSIAN,
    "gaussian retroactive": GAUSSIAN | RETROACTIVE | {"blocks": 3},
    "gaussian deep": GAUSSIAN | {"blocks": 2},
    "fixed": {},
    "fixed retroactive": RETROACTIVE,
    "fixed retroactive, four blocks": RETROACTIVE | {"blocks": 4},
    "fixed deep": {"blocks": 2},
    "continual": CONTINUAL,
    "continual retroactive": CONTINUAL | RETROACTIVE | {"blocks": 3},
    "continual deep": CONTINUAL | {"blocks": 2},
}
SIZES: dict[str, dict[str, Any]] = {
    "landmarks do not divide": {},
    "landmarks divide": {"window": 24, "landmark_count": 4, "heads": 2, "width": 16, "feed_forward": 12},
    "every token a landmark": {"window": 4, "landmark_count": 4, "heads": 1},
}
# What changes no cost, or that of the inverse or the stem alone: tried on one row each.
VARIANTS: dict[str, dict[str, Any]] = {
    "positions, post norm, relu": SOFTMAX | RETROACTIVE | {"positions": 14, "norm": "post", "activation": "relu"},
    "gelu, no ridge but pinv": CONTINUAL | {"positions": 11, "activation": "gelu", "inverse": "pinv"},
    "newton-schulz": CONTINUAL | RETROACTIVE | {"inverse": "newton-schulz"},
    "pinv prepared": RETROACTIVE | {"inverse": "pinv"},
    "one landmark": CONTINUAL | {"landmark_count": 1, "blocks": 2},
    "one fixed landmark": {"landmark_count": 1, "blocks": 2},
    "several chunks": SOFTMAX | {"window": 150, "blocks": 2},
    "rotary": CONTINUAL | {"rotary": True, "blocks": 2},
    "other stem": {"stem_channels": (2, 7, 3), "level_window": 9},
}
CONFIGURATIONS = {f"{row}, {size}": replace(SMALL, **ROWS[row], **SIZES[size]) for row in ROWS for size in SIZES} | {
    name: replace(SMALL, **changes) for name, changes in VARIANTS.items()
}


@dataclass(frozen=True)
class Counted:
    """What n frames in a row cost, once everything is full; and the state after them."""

    config: ModelConfig
    frames: list[FlopCounter]
    state: object

    @property
    def mean(self) -> float:
        return sum(frame.total for frame in self.frames) / len(self.frames)

    def agrees_with(self, cost: Cost) -> bool:
        """Also in what attention alone costs."""
        attention = sum(frame.attention for frame in self.frames) / len(self.frames)
        return abs(self.mean - cost.total) <= 0.5 and abs(attention - cost.parts["attention"]) <= 0.5


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Thousands of tiny operations: waiting for other threads takes longer than all of them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=list(CONFIGURATIONS.values()), ids=list(CONFIGURATIONS), scope="module")
def heard(request: pytest.FixtureRequest) -> tuple[Classifier, torch.Tensor]:
    """A classifier, and frames enough to fill its windows and go once around them."""
    config: ModelConfig = request.param
    length = config.level_window + config.blocks * 2 * config.window
    return small_classifier(torch.float32, config), 0.1 * music(1, length, config, torch.float32)


@pytest.fixture(scope="module")
def step(heard: tuple[Classifier, torch.Tensor]) -> Counted:
    classifier, frames = heard
    window = classifier.config.window
    _, state = classifier.steps(frames[:, :-window], classifier.init_state())
    counters = []
    for frame in frames[:, -window:].unbind(1):
        with FlopCounter() as counter:
            _, state = classifier.step(frame, state)
        counters.append(counter)
    return Counted(classifier.config, counters, state)


@pytest.fixture(scope="module")
def twin(heard: tuple[Classifier, torch.Tensor]) -> Counted:
    classifier, frames = heard
    window = classifier.config.window
    tokens, tokenizer = classifier.tokenizer.steps(frames[:, :-window], classifier.tokenizer.init_state())
    twin = WindowTwin(classifier.encoder)
    full = replace(twin.init_state(), tokens=tokens[:, -classifier.config.history :], heard=tokens.shape[1])
    counters = []
    for frame in frames[:, -window:].unbind(1):
        with FlopCounter() as counter:
            token, tokenizer = classifier.tokenizer.step(frame, tokenizer)
            _, full = twin.step(token, full)
        counters.append(counter)
    return Counted(classifier.config, counters, (tokenizer, full))


def test_a_window_of_counted_steps_costs_what_the_formula_says(step: Counted) -> None:
    assert step.agrees_with(step_cost(step.config))


def test_every_counted_step_is_a_plain_or_a_renewing_one(step: Counted) -> None:
    config = step.config
    cost, attention = step_cost(config), step_flops(config)
    plain = cost.total - cost.parts["attention"] + attention.plain
    renewing = plain + attention.renewal
    renewals = config.landmark_count if config.landmarks == "continual" else 1
    if config.attention != "nystrom":
        renewals = 0
    assert (renewing > plain) == (renewals > 0)
    expected = [plain] * (config.window - renewals) + [renewing] * renewals
    assert sorted(frame.total for frame in step.frames) == expected


def test_a_window_of_counted_twins_costs_what_the_formula_says(twin: Counted) -> None:
    assert twin.agrees_with(twin_cost(twin.config))


def test_a_full_state_holds_as_many_bytes_as_the_formula_says(step: Counted, twin: Counted) -> None:
    assert sum(tensor.nbytes for tensor in tensors(step.state)) == step_cost(step.config).state_bytes
    assert sum(tensor.nbytes for tensor in tensors(twin.state)) == twin_cost(twin.config).state_bytes


@pytest.mark.parametrize("stage", ["stem", "projections", "feed-forward", "head"])
def test_a_linear_part_is_its_multiply_adds_twice(stage: str) -> None:
    """One block of one token: every weight of a linear layer is used once."""
    config = replace(SMALL, **SOFTMAX)
    classifier = small_classifier(torch.float32, config)
    block = classifier.encoder.blocks[0]
    assert isinstance(block, EncoderBlock)
    layers = {
        "projections": [block.attention.query_key_value, block.attention.output],
        "feed-forward": [block.widen, block.narrow],
        "head": [classifier.encoder.head],
    }
    if stage == "stem":
        frame, state = music(1, 1, dtype=torch.float32)[:, 0], classifier.tokenizer.init_state()
        with FlopCounter() as counter:
            classifier.tokenizer.step(frame, state)
        assert step_cost(config).parts[stage] == counter.total
    else:
        assert step_cost(config).parts[stage] == 2 * sum(layer.weight.numel() for layer in layers[stage])


def test_the_encoder_is_all_but_the_stem() -> None:
    for cost in (step_cost(SMALL), twin_cost(SMALL)):
        assert cost.encoder == sum(flops for part, flops in cost.parts.items() if part != "stem")


def test_only_fixed_landmarks_do_not_grow_with_the_window() -> None:
    def growth(**changes: Any) -> float:
        short, long = ModelConfig(window=400, **changes), ModelConfig(window=4000, **changes)
        return step_cost(long).parts["attention"] / step_cost(short).parts["attention"]

    assert growth() == 1
    assert growth(landmarks="continual") < 1  # the inverse is shared by more steps
    assert growth(attention="softmax") == 10
    assert twin_cost(ModelConfig(window=4000)).encoder > 9.9 * twin_cost(ModelConfig(window=400)).encoder


def test_a_step_of_one_block_costs_a_share_of_the_window_and_one_of_two_blocks_less_than_it() -> None:
    """What the published tests demand of theirs: an nth, and less."""
    one = EncoderConfig(width=16, heads=2, window=10, feed_forward=32, attention="softmax")
    two = replace(one, blocks=2, stacking="retroactive")
    assert step_cost(one).total * one.window == twin_cost(one).total
    assert step_cost(two).total < twin_cost(two).total


def test_an_unknown_operation_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="no formula for"), FlopCounter():
        torch.linalg.qr(torch.eye(3))


def tensors(value: object) -> Iterator[torch.Tensor]:
    """Every tensor in a state, wherever it stands."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from tensors(getattr(value, field.name))


@every_row
def test_the_frames_that_an_answer_depends_on_are_those_of_the_parts(config: ModelConfig) -> None:
    classifier = Classifier(config)
    stem = sum(heard.shape[2] for heard in classifier.tokenizer.init_state().stem)
    assert history_frames(config) == config.history + config.level_window - 1 + stem


def test_costs_are_counted_without_torch() -> None:
    code = """
import sys
from model import ModelConfig, history_frames, step_cost, twin_cost
config = ModelConfig()
assert step_cost(config).total < twin_cost(config).total
assert history_frames(config) > config.window
print("torch" in sys.modules)
"""
    assert run_python(code) == "False"
