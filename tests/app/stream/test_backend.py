"""Laws of a backend: it answers as the classifier does, one by one as all at once, and two streams never mix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.stream.backend import Backend
from app.stream.torch_backend import TorchBackend
from app.stream.weights import default_weights
from audio import BANDS
from model import Classifier, load_classifier


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier(default_weights())


def log_mels(count: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(-30, 12, (count, BANDS)).astype(np.float32)


def one_by_one(backend: Backend, frames: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.concatenate([backend.encode(backend.tokenize(frame[np.newaxis])) for frame in frames])


def test_a_backend_answers_as_the_classifier_does(classifier: Classifier) -> None:
    frames = log_mels(60)
    logits, _ = classifier.steps(torch.from_numpy(frames).unsqueeze(0), classifier.init_state())
    expected = torch.softmax(logits[0].double(), dim=-1).numpy()
    np.testing.assert_allclose(one_by_one(TorchBackend(classifier), frames), expected, rtol=0, atol=1e-5)


def test_many_at_once_are_answered_as_one_by_one(classifier: Classifier) -> None:
    frames = log_mels(90)
    slow, quick = TorchBackend(classifier), TorchBackend(classifier)
    expected = one_by_one(slow, frames)
    tokens = quick.tokenize(frames[:70])
    assert tokens.shape == (70, classifier.config.width)
    one_token_each = TorchBackend(classifier)
    expected_tokens = np.concatenate([one_token_each.tokenize(frame[np.newaxis]) for frame in frames[:70]])
    np.testing.assert_allclose(tokens, expected_tokens, rtol=0, atol=1e-4)
    np.testing.assert_allclose(quick.encode(tokens), expected[:70], rtol=0, atol=1e-5)
    np.testing.assert_allclose(one_by_one(quick, frames[70:]), expected[70:], rtol=0, atol=1e-5)


def test_filled_counts_up_to_the_window(classifier: Classifier) -> None:
    backend = TorchBackend(classifier)
    assert backend.filled == 0
    backend.encode(backend.tokenize(log_mels(5)))
    assert backend.filled == 5
    backend.encode(backend.tokenize(log_mels(classifier.config.window)))
    assert backend.filled == classifier.config.window


def test_two_backends_share_a_classifier_and_nothing_else(classifier: Classifier) -> None:
    alone, one, other = TorchBackend(classifier), TorchBackend(classifier), TorchBackend(classifier)
    expected = one_by_one(alone, log_mels(20))
    found = []
    for frame, disturbing in zip(log_mels(20), log_mels(20, seed=1), strict=True):
        found.append(one.encode(one.tokenize(frame[np.newaxis])))
        other.encode(other.tokenize(disturbing[np.newaxis]))
    np.testing.assert_array_equal(np.concatenate(found), expected)
