"""When an answer is unsure is the model's own matter: two numbers in its configuration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.files.answer import TimelineBuilder
from app.files.parameters import Parameters
from app.stream.snapshot import is_unsure
from model import ModelConfig

CONFIG = ModelConfig(genres=("blues", "jazz", "rock"), unsure_probability=0.5, unsure_margin=0.1)


@pytest.mark.parametrize(
    ("answer", "unsure"), [((0.8, 0.1, 0.1), False), ((0.49, 0.3, 0.21), True), ((0.52, 0.45, 0.03), True)]
)
def test_an_answer_is_unsure_when_it_is_improbable_or_close(answer: tuple[float, ...], unsure: bool) -> None:
    assert is_unsure(np.array(answer), CONFIG) is unsure


def test_another_model_has_another_rule_and_hops_follow_it() -> None:
    answers = np.tile([[0.7, 0.2, 0.1]], (30, 1))
    ends = np.linspace(0.1, 3.0, 30)
    for config, expected in ((CONFIG, False), (replace(CONFIG, unsure_probability=0.75), True)):
        builder = TimelineBuilder(config, Parameters(hop=1.0, smoothing=0.0))
        said = builder.push(ends, answers, np.full(30, -20.0)) + builder.finish()
        assert [hop.unsure for hop in said] == [expected] * 3
        assert builder.timeline().unsure.tolist() == [expected] * 3
        assert [hop.unsure for hop in builder.timeline().hops()] == [expected] * 3


def test_numbers_that_are_no_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match="unsure_margin is"):
        ModelConfig(unsure_margin=1.5)
