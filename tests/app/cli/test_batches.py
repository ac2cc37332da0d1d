"""Many files at once: the same answers in the same order, whatever happens to one of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.files import pool
from app.files.answer import FileAnswer, FileError
from app.files.classify import Outcome, Progress, Task, ignore, perform
from app.files.parameters import Parameters
from app.stream.models import identify
from app.stream.weights import default_weights
from tests.app.cli.conftest import LIBRARY
from tests.app.cli.shell import Shell


def test_processes_give_the_bytes_that_one_gives_and_a_bad_file_spoils_nothing(shell: Shell, library: Path) -> None:
    (library / "jazz/song.mp3").write_text("no sound")
    alone = shell.run("nystream classify -r music --format json")
    together = shell.run("nystream classify -r music --format json --jobs 2")
    assert alone.returncode == together.returncode == 1
    assert together.stdout == alone.stdout
    assert together.stderr == alone.stderr
    assert [file["path"] for file in json.loads(alone.stdout)["files"]] == [f"music/{name}" for name in LIBRARY]


def die_of_some(task: Task, on_progress: Progress = ignore) -> Outcome:
    """What a fault in a decoder does to its process."""
    if "deadly" in task.path:
        os._exit(1)
    return perform(task, on_progress)


def test_a_file_that_kills_its_process_is_named_and_the_others_are_done(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "perform", die_of_some)
    weights = default_weights()
    names = ["rock/song.wav", "deadly.wav", "jazz/song.wav", "deadly too.wav", "jazz/song.flac"]
    tasks = [
        Task(str(library / name), str(weights), identify(weights)["hash"], Parameters(), fingerprint=False)
        for name in names
    ]
    with pool.processes(jobs=2) as workers:
        outcomes = [workers.submit(task) for task in tasks]
        results = [outcome().result for outcome in outcomes]
    assert [type(result) for result in results] == [FileAnswer, FileError, FileAnswer, FileError, FileAnswer]
    assert [result.path for result in results] == [task.path for task in tasks]


def test_a_cluster_gives_the_bytes_that_one_process_gives(shell: Shell, library: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="dask is not installed: pip install 'nystream[dask]'")
    for name, value in shell.environment.items():
        os.environ.setdefault(name, value)
    os.environ["PYTHONPATH"] = shell.environment["PYTHONPATH"]  # of the workers
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "memory_limit": None}
    (library / "jazz/song.mp3").write_text("no sound")
    music = library.resolve()
    with distributed.LocalCluster(**options) as cluster:
        line = f"nystream classify -r {music} --format json"
        through = shell.run(f"{line} --dask {cluster.scheduler_address}")
    assert through.returncode == 1, through.stderr
    alone = shell.run(line)
    assert through.stdout == alone.stdout
    assert through.stderr == alone.stderr
    nobody = shell.run(f"nystream classify {music}/rock/song.wav --dask tcp://127.0.0.1:9")
    assert nobody.returncode == 2
    assert "does not answer" in nobody.stderr
