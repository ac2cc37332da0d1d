"""The seam behind which a frame is computed: log-mel in, token and probabilities out, one stream per path."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


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
