"""The closed form against a counter of every operation, and against the bytes that a state really holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import pytest
import torch

from model import Classifier, ModelConfig, WindowTwin, step_cost, twin_cost
from tests.model.conftest import SMALL, music, small_classifier
from tests.model.flop_counter import FlopCounter

CONFIGURATIONS = [
    SMALL,
    replace(SMALL, window=29, landmarks=4, heads=2),
    replace(SMALL, stem_channels=(2, 7, 3)),
]


@pytest.fixture(params=CONFIGURATIONS, ids=["small", "longer window", "other stem"])
def full(request: pytest.FixtureRequest) -> tuple[Classifier, torch.Tensor]:
    """A classifier, and frames enough to fill its windows."""
    config: ModelConfig = request.param
    return small_classifier(torch.float32, config), music(1, 3 * config.window - 2, config, torch.float32)


def test_the_counted_step_costs_what_the_formula_says(full: tuple[Classifier, torch.Tensor]) -> None:
    classifier, frames = full
    _, state = classifier.steps(frames, classifier.init_state())
    with FlopCounter() as counter:
        classifier.step(frames[:, 0], state)
    assert counter.total == step_cost(classifier.config).total


def test_the_counted_twin_costs_what_the_formula_says(full: tuple[Classifier, torch.Tensor]) -> None:
    classifier, frames = full
    tokens, tokenizer = classifier.tokenizer.steps(frames, classifier.tokenizer.init_state())
    twin = WindowTwin(classifier.encoder)
    state = twin.init_state()
    for t in range(tokens.shape[1]):
        _, state = twin.step(tokens[:, t], state)
    with FlopCounter() as counter:
        token, _ = classifier.tokenizer.step(frames[:, 0], tokenizer)
        twin.step(token, state)
    assert counter.total == twin_cost(classifier.config).total


def test_a_full_state_holds_as_many_bytes_as_the_formula_says(full: tuple[Classifier, torch.Tensor]) -> None:
    classifier, frames = full
    _, state = classifier.steps(frames, classifier.init_state())
    assert sum(tensor.nbytes for tensor in tensors(state)) == step_cost(classifier.config).state_bytes


def test_the_step_does_not_grow_with_the_window_and_the_twin_does() -> None:
    short, long = ModelConfig(window=387), ModelConfig(window=3870)
    assert step_cost(long).total == step_cost(short).total
    assert twin_cost(long).encoder > 9.9 * twin_cost(short).encoder


def test_an_unknown_operation_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="no formula for"), FlopCounter():
        torch.linalg.pinv(torch.eye(3))


def tensors(value: object) -> Iterator[torch.Tensor]:
    """Every tensor in a state, wherever it stands."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from tensors(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from tensors(getattr(value, field.name))
