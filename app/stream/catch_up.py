"""A model that comes later hears what was heard before, a little at a time, until it can take over."""

from __future__ import annotations

import time
from collections import deque

import numpy as np
from numpy.typing import NDArray

from app.stream.kept_frames import KeptFrames
from app.stream.live_model import LiveModel, saved_flops
from app.stream.twin_runner import TwinRunner
from audio import FRAME_SECONDS
from model import history_frames

FIRST_CHUNK, LARGEST_CHUNK = 4, 128  # frames


class Running:
    """A model on its way through one stream: its path, its twin if it has one yet, and its last answers."""

    def __init__(self, model: LiveModel, smoothing_frames: int) -> None:
        self.model = model
        self.path = model.make_path()
        self.twin = None if model.make_twin is None else TwinRunner(model.make_twin(), FRAME_SECONDS)
        self.recent: deque[NDArray[np.float64]] = deque(maxlen=smoothing_frames)
        self._saved = 0, 0  # tokens heard, FLOPs; the count is the same for good once the window is full

    @property
    def saved_flops(self) -> int:
        """What the continual encoder need not compute for a frame, with as much heard as has been."""
        filled, saved = self._saved
        if filled != self.path.filled:
            saved = saved_flops(self.model.config, self.path.filled)
            self._saved = self.path.filled, saved
        return saved


class CatchUp:
    """Brings `running` to the end of what is kept, from as far back as its answers depend on."""

    def __init__(self, running: Running, kept: KeptFrames) -> None:
        self.running = running
        self._kept = kept
        self._next = max(kept.first, kept.end - history_frames(running.model.config))
        self._chunk = FIRST_CHUNK

    def advance(self, nanoseconds: float) -> bool:
        """Hear on for about so long, at least one chunk; whether there is nothing left to hear."""
        deadline = time.perf_counter_ns() + nanoseconds
        while self._next < self._kept.end:
            began = time.perf_counter_ns()
            frames = self._kept.take(self._next, self._chunk)
            tokens, answers = self.running.path.hear(frames)
            if self.running.twin is not None:
                self.running.twin.hear(tokens)
            self.running.recent.extend(answers)
            self._next += len(frames)
            now = time.perf_counter_ns()
            # As many at once as take a third of the time: then it never lasts much longer than it may.
            fitting = round(self._chunk * nanoseconds / 3 / max(now - began, 1))
            self._chunk = min(max(fitting, 1), 2 * self._chunk, LARGEST_CHUNK)
            if now >= deadline:
                break
        return self._next == self._kept.end
