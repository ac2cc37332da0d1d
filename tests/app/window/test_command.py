"""What `nystream` sees to before there is a window."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import gui, main
from app.window.screen import screen_fault
from tests.own_process import run_python


def test_the_thread_that_hears_waits_for_the_window_for_half_a_millisecond_at_most(
    tmp_path: Path,
) -> None:
    before = sys.getswitchinterval()
    assert before > 0.001  # Python's own 5 ms
    try:
        assert main(["--weights", str(tmp_path / "missing.safetensors")]) == 3
        assert sys.getswitchinterval() <= 0.001
    finally:
        sys.setswitchinterval(before)


def test_without_a_terminal_a_card_is_seen_before_anything_large_is_loaded(tmp_path: Path) -> None:
    code = """
import sys
from app.window import opening
show, seen = opening.show_opening, []
def show_and_look():
    card = show()
    seen.append((card.isVisible(), [name for name in ("numpy", "pyqtgraph", "app.window.main") if name in sys.modules]))
    return card
opening.show_opening = show_and_look
from app.cli.main import main
print(main(["--weights", sys.argv[1]]), seen)
"""
    said = run_python(code, str(tmp_path / "missing.safetensors"), QT_QPA_PLATFORM="offscreen")
    assert said == "3 [(True, [])]"


@pytest.mark.skipif(sys.platform == "win32", reason="signals as Unix has them")
def test_a_signal_that_comes_before_the_event_loop_ends_the_program(tmp_path: Path) -> None:
    code = """
import signal
from app.window import start
begin = start.begin
def begin_and_be_killed(window, launch):
    begin(window, launch)
    signal.raise_signal(signal.SIGTERM)
start.begin = begin_and_be_killed
signal.alarm(60)  # deadly
from app.cli.main import main
main(["--silent"])
"""
    run_python(code, QT_QPA_PLATFORM="offscreen", XDG_CONFIG_HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path))


def test_a_launcher_s_files_reach_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[argparse.Namespace] = []

    def run(options: argparse.Namespace) -> int:
        asked.append(options)
        return 0

    monkeypatch.setattr("app.cli.main.run", run)
    for typed in ([], ["a song.mp3", "/b.wav"], ["--theme", "dark"], ["a.wav", "--theme", "dark", "b.wav", "--silent"]):
        monkeypatch.setattr(sys, "argv", ["nystream-gui", *typed])
        assert gui() == 0
    assert [(options.command, options.open, options.theme) for options in asked] == [
        (None, [], None),
        (None, [Path("a song.mp3"), Path("/b.wav")], None),
        (None, [], "dark"),
        (None, [Path("a.wav"), Path("b.wav")], "dark"),
    ]


without_own_screen = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a screen here")


@pytest.fixture
def no_screen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return monkeypatch


@without_own_screen
def test_where_there_is_no_screen_that_is_said(no_screen: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert screen_fault().startswith("there is no screen to open a window on: start it from a desktop")
    for name, value in (("DISPLAY", ":3141"), ("DISPLAY", "nonsense"), ("WAYLAND_DISPLAY", "wayland-9")):
        no_screen.setenv(name, value)
        assert f"{name}={value}" in screen_fault()
    no_screen.setenv("QT_QPA_PLATFORM", "offscreen")
    assert screen_fault() == ""


@without_own_screen
def test_one_screen_that_answers_is_enough(no_screen: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_screen.setenv("DISPLAY", ":3141")
    no_screen.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert "WAYLAND_DISPLAY=wayland-0, DISPLAY=:3141" in screen_fault()
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-0"))
        compositor.listen()
        assert screen_fault() == ""


@without_own_screen
def test_the_command_ends_with_a_sentence_where_qt_would_abort(no_screen: pytest.MonkeyPatch) -> None:
    no_screen.setenv("DISPLAY", ":3141")
    done = subprocess.run([sys.executable, "-m", "app"], env=os.environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("nystream: the screen (DISPLAY=:3141) does not answer")
    assert len(done.stderr.splitlines()) == 1
