"""Runs the twin, the same model over a sliding window, beside the continual one, and never at its expense.

A twin that is quick enough answers every frame in the same thread, right after the continual step: both are then timed
under the same conditions. One that is too slow for that answers every k-th frame in a thread of its own, where torch
releases the GIL; its answer comes some frames later, with what it is to be compared to.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audio import FRAME_SECONDS

if TYPE_CHECKING:  # torch takes its time
    from app.stream.torch_backend import TorchTwin

TWIN_SHARE = 0.25  # of the time between two frames is the most that the twin may take on the average
MEASURED = 5  # runs whose median is the twin's typical time: one that was interrupted must not count


@dataclass(frozen=True, slots=True, eq=False)
class TwinAnswer:
    """The twin's answer for one frame, and what that took."""

    probabilities: NDArray[np.float64]  # (genres,)
    compared: NDArray[np.float64]  # (genres,) the continual model's for the same frame
    nanoseconds: int


class TwinRunner:
    """`every` is k: the twin answers every k-th frame. frame_seconds: from one to the next; inf to wait for the twin
    at every frame.
    """

    def __init__(self, twin: TorchTwin, frame_seconds: float = FRAME_SECONDS) -> None:
        self._twin = twin
        self._limit = TWIN_SHARE * frame_seconds * 1e9
        self._measured: deque[int] = deque(maxlen=MEASURED)
        self._running: threading.Thread | None = None
        self._finished: TwinAnswer | None = None
        self._since_begun = 0  # frames
        self._is_known = True  # whether it may run in this thread: it is quick until its window fills
        self.every = 1

    def catch_up(self, tokens: NDArray[np.float32]) -> None:
        """(T, d) tokens that need no answer; its cost is then unknown until the first one."""
        self._twin.push(tokens)
        self._is_known = False

    def answer(self, token: NDArray[np.float32], present: NDArray[np.float64]) -> TwinAnswer | None:
        """Push the next token (1, d), for which the continual model's answer is `present` (genres,).

        The answer for it, or for an earlier token, if one is there.
        """
        began = time.perf_counter_ns()
        self._twin.push(token)
        self._since_begun += 1
        if self._running is not None:
            if self._running.is_alive():
                return None
            self._running = None
        finished, self._finished = self._finished, None
        if finished is not None:
            self._measure(finished.nanoseconds)
        if self._is_known and self.every == 1:
            answered = self._twin.question()()
            spent = time.perf_counter_ns() - began
            self._measure(spent)
            return TwinAnswer(answered, present, spent)
        if self._since_begun >= self.every:
            self._begin(present, time.perf_counter_ns() - began)
        return finished

    def _begin(self, present: NDArray[np.float64], pushed_nanoseconds: int) -> None:
        question = self._twin.question()

        def run() -> None:
            began = time.perf_counter_ns()
            answered = question()
            self._finished = TwinAnswer(answered, present, time.perf_counter_ns() - began + pushed_nanoseconds)

        self._since_begun = 0
        self._running = threading.Thread(target=run, name="twin", daemon=True)
        self._running.start()

    def _measure(self, nanoseconds: int) -> None:
        self._measured.append(nanoseconds)
        self._is_known = True
        self.every = max(1, math.ceil(float(np.median(self._measured)) / self._limit))
