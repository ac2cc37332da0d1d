"""Many files at once: the same answers in the same order, whatever happens to one of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.cli.main import main
from app.files import pool, run
from app.files.answer import FileAnswer, FileError
from app.files.classify import Outcome, Progress, Task, ignore, perform
from app.files.parameters import Parameters
from app.stream.models import identify
from app.stream.weights import default_weights
from tests.app.cli.conftest import LIBRARY
from tests.app.cli.shell import Shell


def test_processes_give_the_bytes_that_one_gives_and_a_bad_file_spoils_nothing(shell: Shell, library: Path) -> None:
    (library / "jazz/song.mp3").write_text("no sound")
    alone = shell.call("nystream classify -r music --format json")
    together = shell.call("nystream classify -r music --format json --jobs 2")
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
        through = shell.call(f"{line} --dask {cluster.scheduler_address}")
    assert through.returncode == 1, through.stderr
    alone = shell.call(line)
    assert through.stdout == alone.stdout
    assert through.stderr == alone.stderr
    nobody = shell.call(f"nystream classify {music}/rock/song.wav --dask tcp://127.0.0.1:9")
    assert nobody.returncode == 2
    assert "does not answer" in nobody.stderr


@pytest.mark.parametrize("output", ["all.json", "out"])
def test_what_was_done_before_a_cluster_was_lost_is_written(
    output: str, library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    submitted: list[str] = []

    @contextmanager
    def cluster(_scheduler: str) -> Iterator[pool.Workers]:
        def submit(task: Task) -> Callable[[], Outcome]:
            def wait() -> Outcome:
                if len(submitted) > 2:
                    raise pool.Lost("the scheduler is gone")
                return perform(task)

            submitted.append(task.path)
            return wait

        yield pool.Workers(submit, ahead=1)

    monkeypatch.chdir(library.parent)
    monkeypatch.setattr(run, "cluster", cluster)
    options = ["-r", "music", "--dask", "tcp://far:1", "--format", "json", "-o", output, "--errors", "failed.json"]
    assert main(["classify", *options]) == 1
    assert capsys.readouterr().err == "nystream: the scheduler is gone\n"
    failed = json.loads(Path("failed.json").read_text())["errors"]
    assert [error["path"] for error in failed] == [f"music/{name}" for name in LIBRARY[2:]]
    written = [Path(output)] if output == "all.json" else [Path(f"out/{name}.json") for name in LIBRARY[:2]]
    answered = [file["path"] for path in written for file in json.loads(path.read_text())["files"]]
    assert answered == [f"music/{name}" for name in LIBRARY[:2]]
    assert main(["classify", "-r", "music", "--format", "json", "-o", output, "--resume", "-v"]) == 0
    assert capsys.readouterr().err.count("done before") == 2
