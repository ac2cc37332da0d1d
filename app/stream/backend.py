"""What computes a model's frames: log-mel in, tokens, probabilities out; one stream per backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # numba takes its time
    from model.compiled.classifier import CompiledClassifier


class Backend(Protocol):
    """One stream of one model, with its state. Called by one thread at a time.

    Frames pass through `tokenize` and then `encode`, one or many at a time: the two are timed apart, and the twin gets
    the same tokens.
    """

    @property
    def name(self) -> str:
        """What computes: "torch" or "compiled"."""

    @property
    def filled(self) -> int:
        """Tokens in the attention window, 0 .. n."""

    def tokenize(self, log_mels: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, bands) dB -> tokens (T, d)."""

    def encode(self, tokens: NDArray[np.float32]) -> NDArray[np.float64]:
        """(T, d) -> probabilities (T, genres), at every token for all that is in the window."""


class CompiledBackend:
    """Implements Backend by the compiled functions: torch need not be there."""

    name = "compiled"

    def __init__(self, classifier: CompiledClassifier) -> None:
        self._classifier = classifier
        self._state = classifier.init_state()

    @property
    def filled(self) -> int:
        return min(self._state.position, self._classifier.config.window)

    def tokenize(self, log_mels: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._classifier.tokenize(log_mels, self._state)

    def encode(self, tokens: NDArray[np.float32]) -> NDArray[np.float64]:
        probabilities: NDArray[np.float64] = self._classifier.encode(tokens, self._state).astype(np.float64)
        return probabilities
