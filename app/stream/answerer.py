"""Both models on one stream: the continual one and its twin get the same token. Either can be changed on the way."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from app.stream.catch_up import CatchUp, Running
from app.stream.frame_reader import HeardFrame
from app.stream.kept_frames import KeptFrames
from app.stream.live_model import LiveModel
from app.stream.snapshot import Snapshot, Timing
from app.stream.unsure import is_unsure
from audio import FRAME_SECONDS

SMOOTHING_FRAMES = 39  # 3 s: the present answer is the mean over these
CATCH_UP_NANOSECONDS = 0.3 * FRAME_SECONDS * 1e9  # after one frame; the next one must not wait


class Answerer:
    """Answers every frame; a new model takes over between two frames, once it has heard what was heard before."""

    def __init__(self, model: LiveModel) -> None:
        self._running = Running(model, SMOOTHING_FRAMES)
        self._kept = KeptFrames()
        self._wished: LiveModel | None = None
        self._catch_up: CatchUp | None = None

    def change(self, model: LiveModel) -> None:
        """Let this model take over as soon as it can; any thread may ask, the last wish counts."""
        self._wished = model

    def answer(self, frame: HeardFrame) -> Snapshot:
        """One frame's answers, each part timed by itself."""
        running = self._running
        path, in_use = running.path, running.model.in_use
        began = time.perf_counter_ns()
        token = path.tokenize(frame.log_mel)
        tokenized = time.perf_counter_ns()
        present = path.step(token)
        stepped = time.perf_counter_ns()
        twin = None if running.twin is None else running.twin.answer(token, present)
        running.recent.append(present)
        self._kept.push(frame.log_mel)
        smoothed: NDArray[np.float64] = np.mean(running.recent, axis=0)
        return Snapshot(
            index=frame.index,
            seconds=frame.seconds,
            log_mel=frame.log_mel,
            probabilities=present,
            smoothed=smoothed,
            twin_probabilities=None if twin is None else twin.probabilities,
            filled=path.filled / in_use.window,
            level_dbfs=frame.level_dbfs,
            nanoseconds=Timing(
                frame.nanoseconds, tokenized - began, stepped - tokenized, None if twin is None else twin.nanoseconds
            ),
            dropped=frame.dropped,
            unsure=is_unsure(smoothed, running.model.config),
            compared=None if twin is None else twin.compared,
            twin_every=0 if running.twin is None else running.twin.every,
            saved_flops=running.saved_flops,
            path=path.name,
            model=in_use,
        )

    def catch_up(self) -> None:
        """After a frame, or while none comes: let a model that is to take over hear on for a moment."""
        wished, self._wished = self._wished, None
        if wished is not None:
            self._catch_up = CatchUp(Running(wished, SMOOTHING_FRAMES), self._kept)
        if self._catch_up is not None and self._catch_up.advance(CATCH_UP_NANOSECONDS):
            self._running, self._catch_up = self._catch_up.running, None
