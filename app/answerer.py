"""Both models on one stream: the continual one and its twin get the same token, one after the other."""

from __future__ import annotations

import time
from collections import deque

import numpy as np
import torch
from numpy.typing import NDArray

from app.frame_reader import HeardFrame
from app.live_path import LivePath
from app.snapshot import Snapshot, Timing
from model import Classifier, WindowTwin, probabilities

SMOOTHING_FRAMES = 39  # 3 s: the present answer is the mean over these


class Answerer:
    """Answers every frame by `path`, and beside it by the non-continual twin of `classifier`, which is always torch."""

    def __init__(self, classifier: Classifier, path: LivePath) -> None:
        self._path = path
        self._twin = WindowTwin(classifier.encoder)
        self._window = classifier.config.window
        self._twin_state = self._twin.init_state()
        self._recent: deque[NDArray[np.float64]] = deque(maxlen=SMOOTHING_FRAMES)

    @torch.inference_mode()
    def answer(self, frame: HeardFrame) -> Snapshot:
        """One frame's answers, each part timed by itself."""
        path = self._path
        began = time.perf_counter_ns()
        token = path.tokenize(frame.log_mel)
        tokenized = time.perf_counter_ns()
        present = path.step(token)
        stepped = time.perf_counter_ns()
        twin_logits, self._twin_state = self._twin.step(torch.from_numpy(token).unsqueeze(0), self._twin_state)
        twin_present = probabilities(twin_logits).squeeze(0).double().numpy()
        recomputed = time.perf_counter_ns()
        self._recent.append(present)
        return Snapshot(
            index=frame.index,
            seconds=frame.seconds,
            log_mel=frame.log_mel,
            probabilities=present,
            smoothed=np.mean(self._recent, axis=0),
            twin_probabilities=twin_present,
            filled=path.filled / self._window,
            level_dbfs=frame.level_dbfs,
            nanoseconds=Timing(frame.nanoseconds, tokenized - began, stepped - tokenized, recomputed - stepped),
            dropped=frame.dropped,
        )
