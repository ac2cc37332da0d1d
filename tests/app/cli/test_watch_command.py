"""`nystream classify --watch`, with the outputs and the journal that there are."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.main import main
from app.files.tags import genre_of
from tests.app.cli.shell import SECONDS, Shell
from tests.app.cli.test_resume import wait_for


def test_what_arrives_is_answered_until_ctrl_c(shell: Shell, library: Path) -> None:
    watched, output = shell.folder / "in", shell.folder / "out/deep/song.wav.json"
    watched.mkdir()
    run = shell.start("nystream classify --watch in --settle 0.2s -o out --format json")
    assert run.stderr is not None
    assert run.stderr.readline() == b"nystream: watching in; Ctrl-C ends it\n"
    shutil.copytree(library / "rock/live", watched / "deep")
    wait_for(output.exists)
    run.send_signal(signal.SIGINT)
    printed, said = run.communicate(timeout=SECONDS)
    assert (run.returncode, printed) == (130, b"")
    assert said == b"nystream: interrupted: what is finished is kept\n"
    (file,) = json.loads(output.read_text())["files"]
    assert file["path"] == "in/deep/song.wav"
    again = shell.call("nystream classify -r in -o out --format json --resume -v")
    assert "in/deep/song.wav: done before and unchanged" in again.stderr


def test_a_folder_that_vanishes_leaves_all_that_was_answered(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is named is answered first; tags that are written bring no file back."""
    monkeypatch.chdir(library.parent)
    monkeypatch.setattr("app.files.answer.is_unsure", lambda *_: False)
    song = Path("music/jazz/song.wav")

    def changes(*_: object, **__: object) -> Iterator[set[str]]:
        yield set()
        os.utime(song, ns=(0, 0))
        yield from [{"something"}] * 4
        shutil.rmtree("music")
        yield {"something"}

    monkeypatch.setattr("watchfiles.watch", changes)
    monkeypatch.setattr("app.files.parameters.SHORTEST_SETTLE", 0.0)
    run = ["classify", "music/rock/song.wav", "--watch", "music", "--settle", "0", "--write-tags=now"]
    assert main([*run, "-o", "all.csv", "--format", "csv"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in said if "tagged " in line and "files" not in line] == [
        "music/rock/song.wav",
        str(song),
    ]
    assert said[-2] == "nystream: music is gone, what arrived before is answered: make it again, and start again"
    rows = Path("all.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["path", "music/rock/song.wav", str(song)]


def test_what_makes_no_sense_is_said(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(library.parent)
    for typed in (["nowhere"], ["music", "--settle", "soon"], ["music", "--settle", "0"], ["music", "--format", "cue"]):
        assert main(["classify", "--watch", *typed]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert genre_of("music/rock/song.wav") == []
