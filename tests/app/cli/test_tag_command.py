"""`nystream classify --write-tags`, and what comes after it: --resume and --undo."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.main import main
from app.files.tags import genre_of
from tests.app.cli.conftest import LIBRARY

RUN = ["classify", "-r", "music", "-o", "out.csv", "--format", "csv"]


@pytest.fixture(autouse=True)
def _in_the_folder_of_a_library(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose answers are all sure."""
    monkeypatch.chdir(library.parent)
    monkeypatch.setattr("app.files.answer.is_unsure", lambda *_: False)


def tagged() -> list[str]:
    return [name for name in LIBRARY if genre_of(f"music/{name}")]


def test_a_library_is_tagged_once_continued_and_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = {name: Path(f"music/{name}").read_bytes() for name in LIBRARY}
    assert main([*RUN, "--write-tags"]) == 0
    dry = capsys.readouterr().err
    assert dry.count("would be tagged") == len(LIBRARY) + 1
    assert {name: Path(f"music/{name}").read_bytes() for name in LIBRARY} == before
    Path("music/jazz/song.flac").chmod(0o444)
    assert main([*RUN, "--write-tags=now", "--resume"]) == 1
    said = capsys.readouterr().err
    assert "music/jazz/song.flac: the file is read-only" in said
    assert said.endswith("nystream: 4 files tagged: nystream classify --undo nystream-tags.undo takes it back\n")
    assert tagged() == list(LIBRARY[1:])
    Path("music/jazz/song.flac").chmod(0o644)
    assert main([*RUN, "--write-tags=now", "--resume", "-v"]) == 0
    said = capsys.readouterr().err
    assert said.count("done before") == len(LIBRARY)  # tags are no change of the sound
    assert said.count("it has the genre") == 4
    assert tagged() == list(LIBRARY)
    assert main(["classify", "--undo", "nystream-tags.undo"]) == 0
    assert capsys.readouterr().err == "nystream: 5 of 5 tags taken back\n"
    assert tagged() == []


def test_what_makes_no_sense_is_said_before_anything_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes").write_text("no undo file\n")
    for typed in (
        ["--undo", "notes", "music/rock/song.wav"],
        ["--undo", "notes"],
        ["--undo", "nowhere"],
        ["music/rock/song.wav", "--write-tags=now", "--undo", "notes"],
        ["music/rock/song.wav", "--replace-genres"],
        ["--write-tags"],
        [],
    ):
        assert main(["classify", *typed]) == 2
        printed, said = capsys.readouterr()
        assert (printed, said.count("\n")) == ("", 1)
    assert tagged() == []
    assert Path("notes").read_text() == "no undo file\n"
