"""The seam behind which a frame is computed: log-mel in, token and probabilities out, one stream per path."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model import Classifier, probabilities


class LivePath(Protocol):
    """One stream on one model, owning its state. Called by one thread at a time.

    For every frame `tokenize` is called once and then `step` once with its token: they are timed apart, and the twin
    gets the same token. A class that inherits from this one need not write `hear`.
    """

    @property
    def name(self) -> str:
        """What computes, as the window says it: "torch" or "compiled"."""

    @property
    def filled(self) -> int:
        """Tokens of the window that have been heard, 0 .. n."""

    def tokenize(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """(bands,) dB -> token (d,)."""

    def step(self, token: NDArray[np.float32]) -> NDArray[np.float64]:
        """(d,) -> probabilities (genres,) for all heard in the window."""

    def hear(self, log_mels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Catch up with (T, bands) dB, T at least 1: what T frames one by one would give, (T, d) and (T, genres)."""
        tokens = [self.tokenize(log_mel) for log_mel in log_mels]
        return np.stack(tokens), np.stack([self.step(token) for token in tokens])


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


def _batch_of_one(array: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(array).unsqueeze(0)


def _to_probabilities(logits: Tensor) -> NDArray[np.float64]:
    """(1, ..., genres) -> (..., genres)."""
    array: NDArray[np.float64] = probabilities(logits).squeeze(0).double().numpy()
    return array
