"""A classifier run live by torch: its continual path, its twin, and both as a model. Importing this imports torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.stream.live_model import LiveModel, in_use, row_of
from app.stream.live_path import LivePath
from app.stream.model_in_use import ModelRow
from model import Classifier, WindowTwin, probabilities


def live_model(classifier: Classifier, row: ModelRow | None = None) -> LiveModel:
    """This classifier, all of it computed by torch."""
    config = classifier.config
    return LiveModel(
        config,
        in_use(config, row or row_of(config, "")),
        lambda: TorchPath(classifier),
        lambda: TorchTwin(classifier),
        lambda: classifier,
    )


class TorchPath(LivePath):
    """The classifier as it is, step by step in torch."""

    name = "torch"

    def __init__(self, classifier: Classifier) -> None:
        self._tokenizer, self._encoder = classifier.tokenizer, classifier.encoder
        self._window = classifier.config.window
        self._tokenizer_state = self._tokenizer.init_state()
        self._encoder_state = self._encoder.init_state()

    @property
    def filled(self) -> int:
        return min(self._encoder_state.position, self._window)

    @torch.inference_mode()
    def tokenize(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        token, self._tokenizer_state = self._tokenizer.step(_batch_of_one(log_mel), self._tokenizer_state)
        tokens: NDArray[np.float32] = token.squeeze(0).numpy()
        return tokens

    @torch.inference_mode()
    def step(self, token: NDArray[np.float32]) -> NDArray[np.float64]:
        logits, self._encoder_state = self._encoder.step(_batch_of_one(token), self._encoder_state)
        return _to_probabilities(logits)

    @torch.inference_mode()
    def hear(self, log_mels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        tokens, self._tokenizer_state = self._tokenizer.steps(_batch_of_one(log_mels), self._tokenizer_state)
        logits, self._encoder_state = self._encoder.steps(tokens, self._encoder_state)
        return tokens.squeeze(0).numpy(), _to_probabilities(logits)


class TorchTwin:
    """The model's own twin; implements app.stream.twin_runner.Twin."""

    def __init__(self, classifier: Classifier) -> None:
        self._twin = WindowTwin(classifier.encoder)
        self._state = self._twin.init_state()

    @torch.inference_mode()
    def hear(self, tokens: NDArray[np.float32]) -> None:
        self._state = self._twin.hear(_batch_of_one(tokens), self._state)

    def question(self) -> Callable[[], NDArray[np.float64]]:
        twin, state = self._twin, self._state  # the state never changes in place

        @torch.inference_mode()
        def answer() -> NDArray[np.float64]:
            return _to_probabilities(twin.answer(state))

        return answer


def _batch_of_one(array: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(array).unsqueeze(0)


def _to_probabilities(logits: Tensor) -> NDArray[np.float64]:
    """(1, ..., genres) -> (..., genres)."""
    array: NDArray[np.float64] = probabilities(logits).squeeze(0).double().numpy()
    return array
