"""A watched folder: what has stopped growing in it arrives, once, until it changes again."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.files.watch import CannotWatch, Watch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    (made / "before.wav").write_bytes(b"there already")
    return made


def names(arrived: list[str], folder: Path) -> list[str]:
    return [Path(path).relative_to(folder).as_posix() for path in arrived]


def test_a_real_folder_is_watched_with_all_below_it(folder: Path) -> None:
    watched = Watch(str(folder), settle=0.1)
    (folder / "early.mp3").write_bytes(b"before the first look")
    arrivals = watched.arrivals()
    assert names(next(arrivals), folder) == ["early.mp3"]
    (folder / "notes.txt").write_bytes(b"no sound")
    (folder / ".song.wav.part").write_bytes(b"hidden")
    (folder / "empty.wav").touch()
    shutil.copytree(folder, folder.parent / "album")
    (folder.parent / "album").rename(folder / "album")
    (folder / "second.flac").write_bytes(b"sound")
    found: list[str] = []
    while len(found) < 3:
        found += names(next(arrivals), folder)
    assert sorted(found) == ["album/before.wav", "album/early.mp3", "second.flac"]
    (folder / "before.wav").write_bytes(b"another one")
    assert names(next(arrivals), folder) == ["before.wav"]
    arrivals.close()  # type: ignore[attr-defined]


def test_a_relative_folder_gives_relative_paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    watched = Watch("in", settle=0.1)
    Path("in/song.wav").write_bytes(b"sound")
    assert next(watched.arrivals()) == [str(Path("in/song.wav"))]


class Clock:
    """Stands still unless it is told, and is all that the watch knows of time."""

    def __init__(self, watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self._acts: list[tuple[float, Callable[[], object]]] = []
        monkeypatch.setattr("app.files.watch.time", SimpleNamespace(monotonic=lambda: self.seconds))
        monkeypatch.setattr(watched, "_changes", self._changes)

    def then(self, seconds: float, act: Callable[[], object] = lambda: None) -> None:
        """So much later this happens, and the system tells of it."""
        self._acts.append((seconds, act))

    def _changes(self, *_: object, **__: object) -> Iterator[set[Any]]:
        yield set()
        for seconds, act in self._acts:
            self.seconds += seconds
            act()
            yield {act}


def append(path: Path) -> Callable[[], object]:
    def grow() -> None:
        with path.open("ab") as file:
            file.write(b"more")

    return grow


def all_arrivals(watched: Watch, clock: Clock) -> list[tuple[float, str]]:
    found: list[tuple[float, str]] = []

    def collect() -> None:
        for arrived in watched.arrivals():
            found.extend((clock.seconds, Path(path).name) for path in arrived)

    with pytest.raises(CannotWatch, match="is gone"):
        collect()
    return found


def test_what_grows_has_not_arrived(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched, song = Watch(str(folder), settle=3.0), folder / "song.wav"
    clock = Clock(watched, monkeypatch)
    clock.then(1.0, song.touch)  # at 1
    for _ in range(5):
        clock.then(2.0, append(song))  # at 3, 5, 7, 9, 11
    for _ in range(4):
        clock.then(1.0)  # at 12, 13, 14, 15
    clock.then(1.0, append(song))  # at 16: another one
    clock.then(3.0, (folder / "gone.wav").touch)  # at 19
    clock.then(0.0, (folder / "gone.wav").unlink)
    clock.then(5.0)
    assert all_arrivals(watched, clock) == [(14.0, "song.wav"), (19.0, "song.wav")]


def test_what_the_program_itself_writes_has_not_arrived(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched, song = Watch(str(folder), settle=1.0), folder / "before.wav"
    clock = Clock(watched, monkeypatch)

    def tag() -> None:
        append(song)()
        watched.accept(str(song))

    clock.then(1.0, tag)
    clock.then(9.0)
    clock.then(9.0, lambda: song.chmod(0o600))
    clock.then(9.0)
    assert all_arrivals(watched, clock) == []


@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_vanishes_ends_it_with_a_sentence(
    folder: Path, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watch(str(folder), settle=1.0)
    clock = Clock(watched, monkeypatch)

    def vanish() -> None:
        folder.rename(folder.parent / "elsewhere")
        if again:
            folder.mkdir()
            (folder / "song.wav").write_bytes(b"sound")

    clock.then(1.0, vanish)
    clock.then(9.0)
    clock.then(9.0)
    assert all_arrivals(watched, clock) == []
    assert clock.seconds == 1.0


def test_what_cannot_be_watched_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (folder / "nowhere", folder / "before.wav"):
        with pytest.raises(CannotWatch, match="no folder"):
            Watch(str(wrong), 1.0)
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(CannotWatch, match=r"pip install 'nystream\[watch\]'"):
        Watch(str(folder), 1.0)
