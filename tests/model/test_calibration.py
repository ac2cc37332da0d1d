"""Probabilities against what they promise: temperature, calibration error, the unsure rule."""

from __future__ import annotations

import pytest
import torch

from model import Classifier, probabilities
from model.training import (
    choose_unsure,
    expected_calibration_error,
    fit_temperature,
    fold_temperature,
    judge_unsure,
)
from tests.model.conftest import SMALL, music


def drawn(clips: int, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (N, 1, 3) with labels drawn from their own probabilities, then scaled: `scale` is the temperature."""
    generator = torch.Generator().manual_seed(clips)
    logits = 2.0 * torch.randn(clips, 1, 3, generator=generator)
    labels = torch.multinomial(torch.softmax(logits[:, 0], dim=-1), 1, generator=generator).squeeze(1)
    return scale * logits, labels


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_what_scaled_the_logits(scale: float) -> None:
    logits, labels = drawn(6000, scale)
    assert fit_temperature(logits, labels) == pytest.approx(scale, rel=0.06)


def test_the_temperature_is_that_of_clip_answers_not_of_tokens() -> None:
    """Tokens that are each certain but disagree: as tokens they are badly wrong, as a clip they are calibrated."""
    labels = torch.arange(300) % 3
    tokens = torch.nn.functional.one_hot((labels.unsqueeze(1) + torch.tensor([0, 0, 0, 1, 2])) % 3, 3) * 6.0
    temperature = fit_temperature(tokens, labels)

    def log_loss(divided_by: float) -> float:
        answers = torch.softmax(tokens / divided_by, dim=-1).mean(dim=1)
        return torch.nn.functional.nll_loss(answers.log(), labels).item()

    assert log_loss(temperature) <= min(log_loss(temperature * 1.1), log_loss(temperature * 0.9))


def test_a_folded_temperature_divides_the_logits_and_nothing_else() -> None:
    torch.manual_seed(0)
    classifier = Classifier(SMALL).double().eval()
    frames = music(2, 20)
    before = classifier(frames)
    fold_temperature(classifier, 2.5)
    torch.testing.assert_close(classifier(frames), before / 2.5)


def test_calibration_error_is_nothing_for_honest_probabilities_and_the_distance_for_others() -> None:
    logits, labels = drawn(20_000, 1.0)
    honest = probabilities(logits[:, 0])
    assert expected_calibration_error(honest, labels) < 0.015
    boasting = torch.tensor([[0.9, 0.1]] * 10)
    assert expected_calibration_error(boasting, torch.tensor([0] * 5 + [1] * 5)) == pytest.approx(0.4, abs=1e-6)
    assert expected_calibration_error(torch.eye(2), torch.tensor([0, 1])) == 0.0  # a probability of 1 has a bin


def test_the_unsure_rule_keeps_the_stated_precision_with_the_most_clips() -> None:
    logits, labels = drawn(4000, 1.0)
    answers = probabilities(logits[:, 0])
    everything = judge_unsure(answers, labels, 0.0, 0.0)
    assert everything.coverage == 1.0
    precise, strict = choose_unsure(answers, labels, 0.8), choose_unsure(answers, labels, 0.95)
    assert everything.precision < 0.8 <= precise.precision
    assert strict.precision >= 0.95
    assert strict.coverage < precise.coverage < 1.0
    assert judge_unsure(answers, labels, precise.probability, precise.margin) == precise


def test_an_unreachable_precision_gives_the_most_precise_rule() -> None:
    answers = torch.tensor([[0.95, 0.05], [0.6, 0.4]])
    assert choose_unsure(answers, torch.tensor([1, 0]), 1.0).precision == 0.5


def test_nothing_sure_is_no_precision() -> None:
    assert judge_unsure(torch.tensor([[0.6, 0.4]]), torch.tensor([0]), 0.9, 0.0).precision == 0.0
