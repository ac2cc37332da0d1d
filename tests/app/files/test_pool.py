"""The pool of processes: what comes out of a process while it works, and an end that waits for nothing."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from app.files import pool
from app.files.answer import FileAnswer, FileError
from app.files.classify import Outcome, Task
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
    with Pool(1) as started:
        outcome = started.submit(task, shares.append).result()
    assert isinstance(outcome.result, FileAnswer)
    assert outcome.fingerprint is not None
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0, abs=0.01)
    assert not multiprocessing.active_children()


def test_an_ended_pool_does_nothing_more(task: Task) -> None:
    with Pool(1) as started:

        def end(share: float) -> None:
            started.end()

        working, waiting = started.submit(task, end), started.submit(task)
        outcome = working.result()
        late = started.submit(task)
    assert outcome.result == FileError(task.path, CRASHED)
    assert waiting.cancelled()
    assert late.cancelled()
    assert not multiprocessing.active_children()


class KilledWorker(Exception):  # noqa: N818
    """As dask raises it for what several workers have died of."""


class FakeClient:
    """Of a dask cluster that works on nothing by itself."""

    scheduler = SimpleNamespace(nthreads=None)

    def __init__(self) -> None:
        self.futures: list[Future[Outcome]] = []
        self.workers = True

    def get_executor(self, **_options: object) -> FakeClient:
        return self

    def submit(self, _work: object, _task: Task) -> Future[Outcome]:
        self.futures.append(Future())
        return self.futures[-1]

    def sync(self, _ask: object, **_options: object) -> bool:
        return self.workers


def tasks(count: int) -> list[Task]:
    return [Task(f"{number}.wav", "", "", Parameters(), fingerprint=False) for number in range(count)]


def test_a_scheduler_that_is_gone_costs_only_what_was_not_done() -> None:
    client = FakeClient()
    cluster = pool._Cluster(client, "tcp://far:1")
    killed, gone, done, open_, late = waits = [cluster.submit(task) for task in tasks(5)]
    client.futures[0].set_exception(KilledWorker())
    client.futures[1].cancel()
    client.futures[2].set_result(Outcome(FileError("2.wav", "its answer")))
    assert killed().result == FileError("0.wav", CRASHED)
    for wait in (gone, open_, late):
        with pytest.raises(pool.Lost, match="tcp://far:1 is gone"):
            wait()
    assert done().result == FileError("2.wav", "its answer")
    with pytest.raises(pool.Lost):
        cluster.submit(tasks(1)[0])()
    assert len(client.futures) == len(waits)  # a client that is closed is asked for nothing


def test_a_cluster_whose_workers_all_died_is_not_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.01)
    client = FakeClient()
    wait = pool._Cluster(client, "tcp://far:1").submit(tasks(1)[0])
    client.workers = False
    with pytest.raises(pool.Lost, match="no workers any more"):
        wait()
