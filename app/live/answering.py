"""Every frame of a run is answered, by the model that is wished for at that moment.

Another model takes over between two frames, once it has caught up with what came before. It catches up a little after
each frame, so that the frames never wait for it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.stream.frames import RING_FRAMES, FrameRing, Frames
from app.stream.models import Model, saved_flops
from app.stream.snapshot import Snapshot, Timing, is_unsure
from app.stream.stream import Stream
from app.stream.twin import TwinRunner
from audio import BANDS, FFT_LENGTH, FRAME_SECONDS, HOP, SAMPLE_RATE
from model import history_frames

SMOOTHING_FRAMES = 39  # 3 s: the present answer is the mean over these
CATCH_UP_NANOSECONDS = 0.3 * FRAME_SECONDS * 1e9  # after one frame; the next one must not wait
FIRST_CHUNK, LARGEST_CHUNK = 4, 128  # frames


class Answerer:
    """Makes a snapshot of every frame. `wished` gives the model that is to answer, and is asked after each of them.

    The first stream is made here: see Model.make_backend.
    """

    def __init__(self, wished: Callable[[], Model]) -> None:
        self._wished = wished
        self._kept = FrameRing(RING_FRAMES, BANDS)
        self._answering = Answering(wished(), self._kept)
        self._next: Answering | None = None  # catches up

    def answer(self, frame: Frames) -> Snapshot:
        """One frame (T = 1), each part timed by itself."""
        snapshot = self._answering.answer(frame)
        self._kept.push(frame.log_mels)
        return snapshot

    def catch_up(self) -> None:
        """After a frame, or while none comes: let a model that is to take over catch up for a moment."""
        wished = self._wished()
        if wished is self._answering.model:
            self._next = None
        elif self._next is None or self._next.model is not wished:
            self._next = Answering(wished, self._kept)
        if self._next is not None and self._next.catch_up(CATCH_UP_NANOSECONDS):
            self._answering, self._next = self._next, None


class Answering:
    """A model on its way through one stream, with its last answers. It begins as far back in the frames that are kept
    as its answers depend on.
    """

    def __init__(self, model: Model, kept: FrameRing) -> None:
        self.model = model
        self._stream = Stream(model, None if model.make_twin is None else TwinRunner(model.make_twin()))
        self._recent: deque[NDArray[np.float64]] = deque(maxlen=SMOOTHING_FRAMES)
        self._recent_twin: deque[tuple[int, NDArray[np.float64]]] = deque()  # frame it came with, answer
        self._kept = kept
        self._next = max(kept.first, kept.end - history_frames(model.config))
        self._chunk = FIRST_CHUNK

    def answer(self, frame: Frames) -> Snapshot:
        """The next frame, after it has caught up with all before."""
        answers = self._stream.push(frame.log_mels)
        twin = answers.twin[0] if answers.twin else None
        self._recent.append(answers.probabilities[0])
        smoothed: NDArray[np.float64] = np.mean(self._recent, axis=0)
        if twin is not None:
            self._recent_twin.append((frame.first, twin.probabilities))
        while self._recent_twin and self._recent_twin[0][0] <= frame.first - SMOOTHING_FRAMES:
            self._recent_twin.popleft()
        spent = Timing(frame.nanoseconds, answers.tokenizer, answers.step, None if twin is None else twin.nanoseconds)
        backend, config = self._stream.backend, self.model.config
        return Snapshot(
            index=frame.first,
            seconds=float(frame.ends[0]),
            log_mel=frame.log_mels[0],
            probabilities=answers.probabilities[0],
            smoothed=smoothed,
            twin_probabilities=None if twin is None else twin.probabilities,
            filled=backend.filled / config.window,
            level_dbfs=frame.level_dbfs,
            nanoseconds=spent,
            dropped=frame.dropped,
            lost_seconds=round(float(frame.ends[0]) - (frame.first * HOP + FFT_LENGTH) / SAMPLE_RATE, 6),
            unsure=is_unsure(smoothed, config),
            compared=None if twin is None else twin.compared,
            twin_smoothed=np.mean([each for _, each in self._recent_twin], axis=0) if self._recent_twin else None,
            twin_every=0 if self._stream.twin is None else self._stream.twin.every,
            saved_flops=saved_flops(config, backend.filled),
            backend=backend.name,
            model=self.model.description,
        )

    def catch_up(self, nanoseconds: float) -> bool:
        """Go on for about so long, at least one chunk; whether it has caught up."""
        deadline = time.perf_counter_ns() + nanoseconds
        while self._next < self._kept.end:
            began = time.perf_counter_ns()
            end = min(self._next + self._chunk, self._kept.end)
            self._recent.extend(self._stream.catch_up(self._kept.until(end, end - self._next)))
            self._next = end
            now = time.perf_counter_ns()
            # As many at once as take a third of the time: then it never lasts much longer than it may.
            fitting = round(self._chunk * nanoseconds / 3 / max(now - began, 1))
            self._chunk = min(max(fitting, 1), 2 * self._chunk, LARGEST_CHUNK)
            if now >= deadline:
                break
        return self._next == self._kept.end
