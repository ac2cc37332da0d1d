"""The pool of processes: what comes out of a process while it works, and an end that waits for nothing."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.files.answer import FileAnswer, FileError
from app.files.classify import Task
from app.files.parameters import Parameters
from app.files.pool import CRASHED, Pool
from app.stream.models import identify
from app.stream.weights import default_weights

SAMPLE_RATE = 22_050


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Five minutes of silence: more than a chunk."""
    path, weights = tmp_path / "silence.wav", default_weights()
    soundfile.write(path, np.zeros(300 * SAMPLE_RATE, np.float32), SAMPLE_RATE)
    return Task(str(path), str(weights), identify(weights)["hash"], Parameters(), fingerprint=True)


def test_a_process_tells_how_far_it_is_and_gives_the_whole_outcome(task: Task) -> None:
    shares: list[float] = []
    with Pool(1) as pool:
        outcome = pool.submit(task, shares.append).result()
    assert isinstance(outcome.result, FileAnswer)
    assert outcome.fingerprint is not None
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0, abs=0.01)
    assert not multiprocessing.active_children()


def test_an_ended_pool_does_nothing_more(task: Task) -> None:
    with Pool(1) as pool:

        def end(share: float) -> None:
            pool.end()

        working, waiting = pool.submit(task, end), pool.submit(task)
        outcome = working.result()
        late = pool.submit(task)
    assert outcome.result == FileError(task.path, CRASHED)
    assert waiting.cancelled()
    assert late.cancelled()
    assert not multiprocessing.active_children()
