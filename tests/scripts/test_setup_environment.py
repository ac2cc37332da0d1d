"""Laws of the set-up: a stamp means a whole environment, and any start repairs what it finds."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import pytest

from scripts.preparation import environment as environment_module
from scripts.preparation import start
from scripts.preparation.environment import Environment, alone, install, try_to_lock
from scripts.preparation.progress import Progress
from scripts.preparation.system import SetUpError


class Workshop:
    """Stands in for venv and pip: makes the files that count, notes what it did, stops where it is told to."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.done: list[str] = []
        self.interrupt_at = ""

    def step(self, name: str) -> None:
        self.done.append(name)
        if name.split()[0] == self.interrupt_at:
            raise KeyboardInterrupt

    def create(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "pyvenv.cfg").touch()
        self.environment.python.parent.mkdir()
        self.environment.python.touch()
        self.step("create")

    def install(self, environment: Environment, extras: tuple[str, ...], is_first: bool) -> None:
        (environment.folder / "a-package").touch()
        self.step(" ".join(("install", *extras)))

    def remove(self, folder: Path) -> None:
        self.environment.python.unlink(missing_ok=True)
        self.step("remove")
        remove(folder)

    def start(self, *extras: str) -> list[str]:
        """Prepare as a start does; what was done for it."""
        self.done = []
        start.prepare(self.environment, extras)
        return self.done


remove = environment_module.remove


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    checkout = tmp_path / "check out"
    checkout.mkdir()
    (checkout / "pyproject.toml").write_text("[project]")
    (checkout / "constraints.txt").write_text("numpy==2.0")
    workshop = Workshop(Environment(checkout))
    monkeypatch.setattr(start, "see_to_system", lambda set_up, test: None)
    for step in ("create", "install", "remove"):
        monkeypatch.setattr(environment_module, step, getattr(workshop, step))
    return workshop


def test_a_second_start_has_nothing_to_do(workshop: Workshop) -> None:
    assert workshop.start() == ["create", "install"]
    assert workshop.start() == []


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_a_changed_input_installs_again_into_the_same_environment(workshop: Workshop, changed: str) -> None:
    workshop.start()
    (workshop.environment.checkout / changed).write_text("changed")
    assert workshop.start() == ["install"]
    assert workshop.start() == []


def test_text_that_moves_between_the_inputs_is_a_change(workshop: Workshop) -> None:
    workshop.start()
    checkout = workshop.environment.checkout
    (checkout / "pyproject.toml").write_text("[project]numpy")
    (checkout / "constraints.txt").write_text("==2.0")
    assert workshop.start() == ["install"]


def test_another_python_gets_a_new_environment(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.start()
    monkeypatch.setattr(sysconfig, "get_platform", lambda: "another-machine")
    assert workshop.start() == ["remove", "create", "install"]
    assert workshop.start() == []


def test_a_moved_checkout_gets_a_new_environment(workshop: Workshop, tmp_path: Path) -> None:
    workshop.start()
    workshop.environment.checkout.rename(tmp_path / "moved")
    workshop.environment = Environment(tmp_path / "moved")
    assert workshop.start() == ["remove", "create", "install"]


@pytest.mark.parametrize("interrupted", ["create", "install"])
def test_an_interrupted_first_setup_is_made_afresh(workshop: Workshop, interrupted: str) -> None:
    workshop.interrupt_at = interrupted
    with pytest.raises(KeyboardInterrupt):
        workshop.start()
    workshop.interrupt_at = ""
    assert workshop.start() == ["remove", "create", "install"]
    assert workshop.start() == []


def test_an_interrupted_update_is_made_afresh(workshop: Workshop) -> None:
    workshop.start()
    (workshop.environment.checkout / "constraints.txt").write_text("changed")
    workshop.interrupt_at = "install"
    with pytest.raises(KeyboardInterrupt):
        workshop.start()
    workshop.interrupt_at = ""
    (workshop.environment.checkout / "constraints.txt").write_text("numpy==2.0")
    assert workshop.start() == ["remove", "create", "install"]


def test_an_interrupted_removal_leaves_no_stamp(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.start()
    workshop.interrupt_at = "remove"
    monkeypatch.setattr(sysconfig, "get_platform", lambda: "another-machine")
    with pytest.raises(KeyboardInterrupt):
        workshop.start()
    assert not workshop.environment.stamp_file.exists()
    workshop.interrupt_at = ""
    assert workshop.start() == ["remove", "create", "install"]


@pytest.mark.parametrize("lost", ["python", "stamp_file"])
def test_an_environment_that_lost_a_part_is_made_afresh(workshop: Workshop, lost: str) -> None:
    workshop.start()
    getattr(workshop.environment, lost).unlink()
    assert workshop.start() == ["remove", "create", "install"]


@pytest.mark.parametrize("junk", ["", "{", "[]", "null", '{"extras": []}', '{"extras": [], "more": 1}'])
def test_a_stamp_that_cannot_be_understood_is_no_stamp(workshop: Workshop, junk: str) -> None:
    workshop.start()
    workshop.environment.stamp_file.write_text(junk)
    assert workshop.start() == ["remove", "create", "install"]


def test_extras_are_added_in_place_and_kept(workshop: Workshop) -> None:
    workshop.start()
    assert workshop.start("test") == ["install test"]
    assert workshop.start() == []
    (workshop.environment.checkout / "constraints.txt").write_text("changed")
    assert workshop.start() == ["install test"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_of_a_linked_environment_only_the_link_is_removed(workshop: Workshop, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    workshop.environment.folder.symlink_to(precious)
    remove(workshop.environment.folder)
    assert not workshop.environment.folder.is_symlink()
    assert (precious / "file").exists()


def test_a_second_start_waits_for_the_first(workshop: Workshop) -> None:
    with alone(workshop.environment.checkout / ".venv.lock"):
        second = threading.Thread(target=workshop.start)
        second.start()
        second.join(0.3)
        assert workshop.done == []
    second.join(60)
    assert workshop.done == ["create", "install"]


@pytest.mark.skipif(os.name == "nt", reason="a lock of Windows ends with the process that took it")
def test_what_outlives_a_killed_start_holds_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with alone(path):
        command = [sys.executable, "-c", "print(flush=True); input()"]
        orphan = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
        assert orphan.stdout is not None
        orphan.stdout.readline()  # it runs, so it holds what it inherited and nothing else
    with path.open("ab") as file:
        assert not try_to_lock(file)
        orphan.communicate(b"\n")
        assert try_to_lock(file)


class Stream(io.StringIO):
    """A terminal, or a pipe."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self.isatty = lambda: is_terminal  # type: ignore[method-assign]


@pytest.mark.parametrize("is_terminal", [False, True])
def test_the_set_up_says_how_far_it_is_and_how_long_it_takes(is_terminal: bool) -> None:
    """At 20 MB a second, from 50 MB that were there before."""
    stream, now = Stream(is_terminal), [0.0]
    progress = Progress("downloading", 400, lambda: round((50 + 20 * now[0]) * 1e6), stream, lambda: now[0])
    for tick in range(105):
        now[0] = tick / 5
        progress.show()
    progress.end()
    lines = stream.getvalue().split("\r\033[K" if is_terminal else "\n")
    shown = [line for line in lines if line]
    assert len(shown) == (35 if is_terminal else 5)  # each half second that a look can meet, and each five
    assert shown[0] == "nystream: downloading: 0 of about 400 MB"
    at_ten = next(line for line in shown if "200 of" in line or "204 of" in line)
    assert re.fullmatch(r"nystream: downloading: 20\d of about 400 MB, about 0:(10|09) left", at_ten)
    assert "\033" in stream.getvalue() or not is_terminal


@pytest.mark.parametrize("is_first", [True, False])
def test_pip_s_last_words_are_told_where_it_fails_and_its_downloads_are_removed(
    is_first: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Environment(tmp_path)
    made.python.parent.mkdir(parents=True)
    made.python.write_text("#!/bin/sh\necho Collecting torch\necho 'No space left on device'\nexit 1\n")
    made.python.chmod(0o755)
    with pytest.raises(SetUpError, match=r"(?s)Collecting torch\n.*No space left.*free space on the disk"):
        install(made, (), is_first)
    assert not (made.folder / "downloads").exists()
    said = "nystream: downloading: 0 of about 450 MB\n" if is_first else "nystream: downloading: 0 MB\n"
    assert capsys.readouterr().err.startswith(said)
