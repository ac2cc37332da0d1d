"""A stream through the classifier in torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from model import Classifier, probabilities


class TorchHearer:
    """Implements app.stream.offline_model.Hearer. Live: a step at a time, otherwise all frames at once."""

    def __init__(self, classifier: Classifier, live: bool) -> None:
        self._classifier = classifier
        self._live = live
        self._state = classifier.init_state()

    @torch.inference_mode()
    def hear(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        batch = torch.from_numpy(frames).unsqueeze(0)
        if not self._live:
            logits, self._state = self._classifier.steps(batch, self._state)
            return _to_array(logits[0])
        answers = np.zeros((len(frames), len(self._classifier.config.genres)))
        for index in range(len(frames)):  # a few frames at once would look back on the whole window for each few
            logits, self._state = self._classifier.step(batch[:, index], self._state)
            answers[index] = _to_array(logits[0])
        return answers


def _to_array(logits: torch.Tensor) -> NDArray[np.float64]:
    return probabilities(logits).double().numpy()
