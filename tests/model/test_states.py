"""States: what a stream remembers, and what is refused before anything is changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from model import Classifier, ModelConfig
from tests.model.conftest import SMALL, music, small_classifier


def test_a_state_that_was_stepped_is_refused_and_its_clone_is_not(classifier: Classifier) -> None:
    frames = music(1, 5)
    _, state = classifier.steps(frames, classifier.init_state())
    kept = state.clone()
    first, _ = classifier.step(frames[:, 0], state)
    with pytest.raises(ValueError, match="stepped"):
        classifier.step(frames[:, 0], state)
    again, _ = classifier.step(frames[:, 0], kept)
    torch.testing.assert_close(again, first, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (torch.zeros(1, 15, dtype=torch.float64), "16 bands"),
        (torch.zeros(1, 16, dtype=torch.float32), "float32"),
        (torch.zeros(2, 16, dtype=torch.float64), "2 streams"),
        (torch.zeros(16, dtype=torch.float64), "shape"),
    ],
)
def test_a_wrong_frame_is_refused_and_the_state_goes_on_unharmed(
    classifier: Classifier, frame: torch.Tensor, message: str
) -> None:
    frames = music(1, 6)
    _, state = classifier.steps(frames[:, :5], classifier.init_state())
    with pytest.raises(ValueError, match=message):
        classifier.step(frame, state)
    logits, _ = classifier.step(frames[:, 5], state)
    torch.testing.assert_close(logits, classifier(frames)[:, 5])


def test_the_state_of_another_model_is_refused(classifier: Classifier) -> None:
    other = small_classifier(config=replace(SMALL, window=12))
    with pytest.raises(ValueError, match="window"):
        classifier.step(music(1, 1)[:, 0], other.init_state())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"landmark_count": 12}, "12 landmarks"),
        ({"landmark_count": 0}, "landmark_count is 0"),
        ({"landmarks": "some"}, "expected one of fixed, continual"),
        ({"attention": "linear"}, "expected one of softmax, nystrom"),
        ({"stacking": "retroactive"}, "defined for 2"),
        ({"positions": 10}, "at least 11"),
        ({"heads": 5}, "5 heads"),
        ({"stem_dilations": (1, 2)}, "3 stem channels"),
        ({"bands": 20}, "20 bands"),
        ({"dropout": 1.0}, "dropout"),
        ({"inverse_ridge": 0.0}, "inverse_ridge"),
        ({"genres": ("jazz",)}, "genres"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **change)  # type: ignore[arg-type]


def test_a_configuration_survives_json_and_unknown_fields_do_not() -> None:
    assert ModelConfig.from_json(SMALL.to_json()) == SMALL
    with pytest.raises(ValueError, match="colour"):
        ModelConfig.from_json(SMALL.to_json().replace('"bands"', '"colour"'))
