"""The twin runs beside the continual model, as often as it can afford, and frames never wait for a slow one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from app.stream.torch_backend import TorchTwin
from app.stream.twin import TWIN_SHARE, TwinAnswer, TwinRunner

FRAME_SECONDS = 0.1
QUICK = 0.01 * FRAME_SECONDS
PATIENCE = 60.0


class FakeTime:
    """Stands still until a twin takes its time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def perf_counter_ns(self) -> int:
        return round(self.seconds * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """What the runner measures with: a busy machine makes no twin slow."""
    fake = FakeTime()
    monkeypatch.setattr("app.stream.twin.time", fake)
    return fake


class FakeTwin(TorchTwin):
    """Answers with how many tokens it has heard, after `seconds` or when it is released."""

    def __init__(self, clock: FakeTime, seconds: float = QUICK) -> None:
        self.clock, self.seconds = clock, seconds
        self.heard = 0
        self.threads: list[threading.Thread] = []
        self.release: threading.Event | None = None

    def push(self, tokens: NDArray[np.float32]) -> None:
        self.heard += len(tokens)

    def question(self) -> Callable[[], NDArray[np.float64]]:
        heard = self.heard

        def answer() -> NDArray[np.float64]:
            self.threads.append(threading.current_thread())
            self.clock.seconds += self.seconds
            if self.release is not None:
                self.release.wait(PATIENCE)
            return np.array([float(heard)])

        return answer


TOKEN = np.zeros((1, 4), np.float32)
HISTORY = np.zeros((20, 4), np.float32)


def ask(runner: TwinRunner, twin: FakeTwin) -> TwinAnswer | None:
    """One frame: the continual model says how many tokens have been heard with it."""
    return runner.answer(TOKEN, np.array([float(twin.heard + 1)]))


def settle(runner: TwinRunner, twin: FakeTwin, frames: int) -> list[TwinAnswer | None]:
    """So many frames, each after what runs beside them has ended."""
    answers = []
    for _ in range(frames):
        answers.append(ask(runner, twin))
        for thread in {*twin.threads, *threading.enumerate()}:  # one at its end is no longer among the latter
            if thread.name == "twin":
                thread.join(PATIENCE)
    return answers


def test_a_quick_twin_answers_every_frame_in_the_same_thread(clock: FakeTime) -> None:
    twin = FakeTwin(clock)
    runner = TwinRunner(twin, FRAME_SECONDS)
    answers = settle(runner, twin, 10)
    assert runner.every == 1
    for position, answer in enumerate(answers, start=1):
        assert answer is not None
        assert answer.probabilities == answer.compared == position
        assert answer.nanoseconds > 0
    assert set(twin.threads) == {threading.current_thread()}


def test_a_slow_twin_answers_every_kth_frame_so_that_its_share_is_kept(clock: FakeTime) -> None:
    twin = FakeTwin(clock, 3.4 * TWIN_SHARE * FRAME_SECONDS)
    runner = TwinRunner(twin, FRAME_SECONDS)
    runner.catch_up(HISTORY)
    settle(runner, twin, 3)
    assert runner.every == 4
    runs = len(twin.threads)
    settle(runner, twin, 4)
    assert len(twin.threads) - runs <= 1
    assert threading.current_thread() not in twin.threads


def test_the_live_path_never_waits_for_a_twin_that_hangs(clock: FakeTime) -> None:
    twin = FakeTwin(clock)
    twin.release = threading.Event()
    runner = TwinRunner(twin, FRAME_SECONDS)
    runner.catch_up(HISTORY)
    began = time.monotonic()
    assert [ask(runner, twin) for _ in range(50)] == [None] * 50
    assert time.monotonic() - began < PATIENCE / 2
    assert twin.heard == 70
    assert len(twin.threads) == 1  # one run at a time
    twin.release.set()


def test_a_late_answer_comes_with_what_it_is_to_be_compared_to(clock: FakeTime) -> None:
    twin = FakeTwin(clock, 2.5 * TWIN_SHARE * FRAME_SECONDS)
    runner = TwinRunner(twin, FRAME_SECONDS)
    runner.catch_up(HISTORY)
    answers = [answer for answer in settle(runner, twin, 12) if answer is not None]
    assert answers
    for answer in answers:
        assert answer.probabilities == answer.compared > 20


def test_a_twin_that_becomes_slow_leaves_the_live_thread_and_one_that_becomes_quick_comes_back(clock: FakeTime) -> None:
    twin = FakeTwin(clock)
    runner = TwinRunner(twin, FRAME_SECONDS)
    settle(runner, twin, 5)
    assert runner.every == 1
    twin.seconds = 2.5 * TWIN_SHARE * FRAME_SECONDS
    settle(runner, twin, 5)
    assert runner.every == 3
    twin.seconds = QUICK
    settle(runner, twin, 40)
    assert runner.every == 1
    assert twin.threads[-1] is threading.current_thread()
