"""A window of another length on the same weights: nothing learned depends on it, and every law still holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from model import Classifier, ModelConfig, WindowTwin, probabilities
from tests.model.conftest import SMALL, music, small_classifier
from tests.model.family import FAMILY, every_row

WITHOUT_POSITIONS = {name: config for name, config in FAMILY.items() if not config.positions}
rows = pytest.mark.parametrize("config", WITHOUT_POSITIONS.values(), ids=WITHOUT_POSITIONS.keys())


def fold(classifier: Classifier, frames: torch.Tensor) -> torch.Tensor:
    state, answers = classifier.init_state(len(frames)), []
    for frame in frames.unbind(1):
        logits, state = classifier.step(frame, state)
        answers.append(logits)
    return torch.stack(answers, dim=1)


@rows
@pytest.mark.parametrize("window", [7, 23])
def test_with_another_window_it_is_the_classifier_of_that_configuration(config: ModelConfig, window: int) -> None:
    changed = small_classifier(config=config).with_window(window)
    torch.manual_seed(7)
    expected = small_classifier(config=replace(config, window=window))
    frames = music(1, 40)
    torch.testing.assert_close(fold(changed, frames), expected(frames), rtol=0, atol=1e-9)


@rows
def test_its_twin_still_agrees_at_every_frame(config: ModelConfig) -> None:
    changed = small_classifier(torch.float32, config).with_window(17)
    frames = music(1, 45, dtype=torch.float32)
    twin, state, tokenizer_state = WindowTwin(changed.encoder), changed.init_state(), changed.tokenizer.init_state()
    twin_state = twin.init_state()
    for frame in frames.unbind(1):
        logits, state = changed.step(frame, state)
        token, tokenizer_state = changed.tokenizer.step(frame, tokenizer_state)
        twin_logits, twin_state = twin.step(token, twin_state)
        torch.testing.assert_close(probabilities(logits), probabilities(twin_logits), rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["softmax - one block", "fixed landmarks - one block"])
def test_as_long_as_both_windows_hold_everything_the_answers_are_the_same(kind: str) -> None:
    classifier, frames = small_classifier(config=FAMILY[kind]), music(1, 9)
    torch.testing.assert_close(fold(classifier.with_window(30), frames), fold(classifier, frames), rtol=0, atol=1e-9)


@every_row
def test_no_weight_is_copied_and_the_first_classifier_stays_as_it_is(config: ModelConfig) -> None:
    classifier = small_classifier(config=replace(config, positions=40 if config.positions else 0))
    changed = classifier.with_window(19)
    assert (classifier.config.window, changed.config.window) == (config.window, 19)
    shared = changed.state_dict()
    for name, tensor in classifier.state_dict().items():
        assert shared[name].data_ptr() == tensor.data_ptr()
        assert not shared[name].requires_grad


def test_there_are_never_more_continual_landmarks_than_tokens() -> None:
    config = replace(SMALL, landmarks="continual", landmark_count=5)
    assert config.with_window(3).landmark_count == 3
    assert config.with_window(50).landmark_count == 5
    frames = music(1, 20)
    changed = small_classifier(config=config).with_window(3)
    torch.testing.assert_close(fold(changed, frames), changed(frames), rtol=0, atol=1e-9)


def test_what_is_learned_for_a_length_is_refused_for_a_longer_one() -> None:
    with pytest.raises(ValueError, match="positions recycle after 13 tokens"):
        replace(SMALL, positions=13).with_window(14)
    with pytest.raises(ValueError, match="5 landmarks in a window of 4"):
        small_classifier().with_window(4)
