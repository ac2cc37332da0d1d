"""A classifier run by torch: the continual model and its twin. Importing this imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model import Classifier, WindowTwin, probabilities


class TorchBackend:
    """Implements app.stream.backend.Backend by the classifier as it is. A single frame is a step; several are computed
    at once, which pays from about a window on: even a few of them look back on all of it.
    """

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
    def tokenize(self, log_mels: NDArray[np.float32]) -> NDArray[np.float32]:
        frames = torch.from_numpy(log_mels)
        if len(frames) == 1:
            tokens, self._tokenizer_state = self._tokenizer.step(frames, self._tokenizer_state)
        else:
            tokens, self._tokenizer_state = self._tokenizer.steps(frames.unsqueeze(0), self._tokenizer_state)
            tokens = tokens.squeeze(0)
        array: NDArray[np.float32] = tokens.numpy()
        return array

    @torch.inference_mode()
    def encode(self, tokens: NDArray[np.float32]) -> NDArray[np.float64]:
        batch = torch.from_numpy(tokens)
        if len(batch) == 1:
            logits, self._encoder_state = self._encoder.step(batch, self._encoder_state)
        else:
            logits, self._encoder_state = self._encoder.steps(batch.unsqueeze(0), self._encoder_state)
            logits = logits.squeeze(0)
        return _to_probabilities(logits)


class TorchTwin:
    """The model's own twin, on one stream: the same weights over a sliding window."""

    def __init__(self, classifier: Classifier) -> None:
        self._config = classifier.config
        self._twin = WindowTwin(classifier.encoder)
        self._state = self._twin.init_state()

    def time_with_full_window(self, runs: int) -> float:
        """The least ns of so many answers to a window full of made tokens, which this stream has heard then: others may
        be busy meanwhile.
        """
        config, times = self._config, []
        self.push(np.random.default_rng(0).standard_normal((config.window, config.width)).astype(np.float32))
        for _ in range(runs):
            answer = self.question()
            began = time.perf_counter_ns()
            answer()
            times.append(time.perf_counter_ns() - began)
        return float(min(times))

    @torch.inference_mode()
    def push(self, tokens: NDArray[np.float32]) -> None:
        """Remember (T, d)."""
        self._state = self._twin.push(torch.from_numpy(tokens).unsqueeze(0), self._state)

    def question(self) -> Callable[[], NDArray[np.float64]]:
        """The computation of the answer (genres,) for the tokens so far; any thread may run it, once."""
        twin, state = self._twin, self._state  # the state never changes in place

        @torch.inference_mode()
        def answer() -> NDArray[np.float64]:
            probabilities: NDArray[np.float64] = _to_probabilities(twin.answer(state))[0]
            return probabilities

        return answer


def _to_probabilities(logits: Tensor) -> NDArray[np.float64]:
    """(T, genres) -> the same shape."""
    array: NDArray[np.float64] = probabilities(logits).double().numpy()
    return array
