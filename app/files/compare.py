"""The non-continual twin beside the continual model on one file: both answers, and what each took."""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray

from app.files.answer import TwinComparison
from model import Classifier, WindowTwin, probabilities, step_cost, twin_cost


class TwinRun:
    """Both models step frame by frame in one thread, each timed by itself; the stem counts for both."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._twin = WindowTwin(classifier.encoder)
        self._tokenizer_state = classifier.tokenizer.init_state()
        self._encoder_state = classifier.encoder.init_state()
        self._twin_state = self._twin.init_state()
        self._stem_time = self._step_time = self._twin_time = 0  # ns
        self._total = np.zeros(len(classifier.config.genres))
        self._frames = 0
        self._largest_difference = 0.0

    @torch.inference_mode()
    def hear(self, frames: NDArray[np.float32]) -> None:
        """frames (T, bands) dB."""
        for frame in torch.from_numpy(frames).unsqueeze(1):
            began = time.perf_counter_ns()
            token, self._tokenizer_state = self._classifier.tokenizer.step(frame, self._tokenizer_state)
            tokenized = time.perf_counter_ns()
            logits, self._encoder_state = self._classifier.encoder.step(token, self._encoder_state)
            stepped = time.perf_counter_ns()
            twin_logits, self._twin_state = self._twin.step(token, self._twin_state)
            recomputed = time.perf_counter_ns()
            self._stem_time += tokenized - began
            self._step_time += stepped - tokenized
            self._twin_time += recomputed - stepped
            present, twin = probabilities(logits)[0].double().numpy(), probabilities(twin_logits)[0].double().numpy()
            self._largest_difference = max(self._largest_difference, float(np.abs(present - twin).max()))
            self._total += twin
            self._frames += 1

    def result(self, duration: float) -> TwinComparison:
        """`duration`: seconds of sound in the frames so far, of which there is at least one."""
        config = self._classifier.config
        mean = self._total / self._frames
        best = int(mean.argmax())
        step, twin = (self._stem_time + self._step_time) / 1e6, (self._stem_time + self._twin_time) / 1e6
        return TwinComparison(
            twin_genre=config.genres[best],
            twin_probability=float(mean[best]),
            twin_probabilities=dict(zip(config.genres, mean.tolist(), strict=True)),
            largest_difference=self._largest_difference,
            step_flops=step_cost(config).total,
            twin_flops=twin_cost(config).total,
            step_milliseconds=step,
            twin_milliseconds=twin,
            step_real_time=1000 * duration / step,
            twin_real_time=1000 * duration / twin,
        )
