"""Fixtures of the command line's tests: a shell, and music in files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import soundfile

from app.stream.weights import default_weights
from model import Classifier, load_classifier
from tests.app.cli.shell import Shell
from tests.app.made_music import made_music


@pytest.fixture
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """In an empty folder, whose path is short: sockets lie in it, and their names have 107 letters at most."""
    if sys.platform == "win32":
        pytest.skip("there is no POSIX shell on Windows")
    place = tmp_path_factory.mktemp("shell")
    folder = place / "here"
    folder.mkdir()
    return Shell.make(folder, place / "programs")


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return load_classifier(default_weights())


@pytest.fixture
def library(shell: Shell) -> Path:
    """Music in a tree: equal names in different folders, equal stems in one, other things in between."""
    folder = shell.folder / "music"
    for place in ("rock/live", "jazz"):
        (folder / place).mkdir(parents=True)
    music = made_music(3.0)
    for place in ("rock/song.wav", "rock/live/song.wav", "jazz/song.wav", "jazz/song.flac", "jazz/take, five.ogg"):
        soundfile.write(folder / place, music, 22_050)
        music = music[1000:]
    (folder / "jazz/._song.wav").write_bytes(b"a shadow")
    (folder / "jazz/cover.png").write_bytes(b"no sound")
    (folder / "jazz/loop").symlink_to("..")
    return folder


LIBRARY = ("jazz/song.flac", "jazz/song.wav", "jazz/take, five.ogg", "rock/live/song.wav", "rock/song.wav")
