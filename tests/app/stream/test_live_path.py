"""Laws of a path: it answers as the classifier does, one by one as all at once, and two streams never mix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.stream.live_path import LivePath
from app.stream.torch_path import TorchPath
from app.stream.weights import default_weights
from model import Classifier, load_classifier


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier(default_weights())


def log_mels(count: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(-30, 12, (count, 128)).astype(np.float32)


def one_by_one(path: LivePath, frames: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.stack([path.step(path.tokenize(frame)) for frame in frames])


def test_a_path_answers_as_the_classifier_does(classifier: Classifier) -> None:
    frames = log_mels(60)
    logits, _ = classifier.steps(torch.from_numpy(frames).unsqueeze(0), classifier.init_state())
    expected = torch.softmax(logits[0].double(), dim=-1).numpy()
    np.testing.assert_allclose(one_by_one(TorchPath(classifier), frames), expected, rtol=0, atol=1e-5)


def test_catching_up_is_hearing_one_by_one(classifier: Classifier) -> None:
    frames = log_mels(90)
    slow, quick, by_default = TorchPath(classifier), TorchPath(classifier), TorchPath(classifier)
    expected = one_by_one(slow, frames)
    tokens, answers = quick.hear(frames[:70])
    default_tokens, default_answers = LivePath.hear(by_default, frames[:70])
    assert tokens.shape == (70, classifier.config.width)
    np.testing.assert_allclose(tokens, default_tokens, rtol=0, atol=1e-4)
    for found in (answers, default_answers):
        np.testing.assert_allclose(found, expected[:70], rtol=0, atol=1e-5)
    np.testing.assert_allclose(one_by_one(quick, frames[70:]), expected[70:], rtol=0, atol=1e-5)


def test_filled_counts_up_to_the_window(classifier: Classifier) -> None:
    path = TorchPath(classifier)
    assert path.filled == 0
    path.hear(log_mels(5))
    assert path.filled == 5
    path.hear(log_mels(classifier.config.window))
    assert path.filled == classifier.config.window


def test_two_paths_share_a_classifier_and_nothing_else(classifier: Classifier) -> None:
    alone, one, other = TorchPath(classifier), TorchPath(classifier), TorchPath(classifier)
    expected = one_by_one(alone, log_mels(20))
    found = []
    for frame, disturbing in zip(log_mels(20), log_mels(20, seed=1), strict=True):
        found.append(one.step(one.tokenize(frame)))
        other.step(other.tokenize(disturbing))
    np.testing.assert_array_equal(np.stack(found), expected)
