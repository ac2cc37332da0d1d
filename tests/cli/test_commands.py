"""The commands around classify, the terminal, and how quickly help comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import __version__
from app.cli import main
from app.offline.console import Console, wants_colour
from model import GTZAN_GENRES
from tests.cli.shell import SECONDS, Shell


def test_help_comes_at_once(shell: Shell) -> None:
    took = []
    for _ in range(5):
        began = time.monotonic()
        done = shell.run("nystream classify --help")
        took.append(time.monotonic() - began)
        assert "exit codes" in done.stdout
    assert min(took) < 0.3
    assert shell.run("nystream --version").stdout == f"nystream {__version__}\n"
    heavy = "import sys, app.arguments, app.cli; print({'torch', 'numpy', 'PySide6', 'soundfile'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", heavy], env=shell.environment).strip() == b"set()"


def test_every_command_answers_as_json(shell: Shell) -> None:
    done = shell.run("nystream info --json && nystream bench --json --frames 20; nystream devices --json")
    text, decoder, found = done.stdout, json.JSONDecoder(), []
    while text.strip():
        one, end = decoder.raw_decode(text := text.lstrip())
        found.append(one)
        text = text[end:]
    info, bench, devices = found
    assert info["version"] == __version__
    assert len(info["model"]["hash"]) == 64
    assert tuple(info["genres"]) == GTZAN_GENRES
    for key in ("step_us", "frame_us", "twin_us"):
        assert 0 < bench[key]["p50"] <= bench[key]["p95"] <= bench[key]["p99"]
    assert bench["frame_us"]["p50"] > bench["step_us"]["p50"]
    assert bench["flops"]["twin"] > bench["flops"]["step"] > 0
    assert bool(devices["devices"]) != bool(devices["problem"])


def test_comparing_tells_both_answers_and_what_they_cost(shell: Shell, library: Path) -> None:
    done = shell.run("nystream classify music/rock/song.wav --compare --format json")
    (file,) = json.loads(done.stdout)["files"]
    comparison = file["comparison"]
    assert comparison["twin"]["genre"] == file["genre"]
    assert comparison["twin"]["probability"] == pytest.approx(file["probability"], abs=1e-4)
    assert 0 < comparison["largest_difference"] < 1e-4
    assert comparison["flops"]["twin"] > 10 * comparison["flops"]["step"]
    for model in ("step", "twin"):
        factor = file["duration"] * 1000 / comparison["milliseconds"][model]
        assert comparison["real_time_factor"][model] == pytest.approx(factor)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("nystream cl", {"classify"}),
        ("nystream classify --overw", {"--overwrite"}),
        ("nystream classify --format j", {"json", "jsonl", "jams"}),
        ("nystream completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_bash_completes_commands_options_and_choices(shell: Shell, typed: str, offered: set[str]) -> None:
    words = " ".join(f"'{word}'" for word in typed.split(" "))
    done = shell.run(
        f"source <(nystream completion bash); COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); "
        '_nystream; echo "${COMPREPLY[@]}"'
    )
    assert set(done.stdout.split()) == offered


def test_every_shell_has_a_completion(capsys: pytest.CaptureFixture[str]) -> None:
    for shell_name in ("bash", "zsh", "fish"):
        assert main(["completion", shell_name]) == 0
        written = capsys.readouterr().out
        assert all(word in written for word in ("classify", "overwrite", "resume", "jams"))
        if shell_name == "fish":
            assert "-n __fish_use_subcommand -a classify" in written


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(shell: Shell, library: Path) -> None:
    import pty

    def said_to_terminal(line: str, **variables: str) -> tuple[str, str]:
        ours, theirs = pty.openpty()
        run = subprocess.Popen(
            ["bash", "-c", line],
            cwd=shell.folder,
            env=shell.environment | {"TERM": "xterm", "COLUMNS": "80"} | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 1000):
                said += piece
        except OSError:  # how a terminal ends
            pass
        os.close(ours)
        assert run.stdout is not None
        out = run.stdout.read().decode()
        run.wait(SECONDS)
        return said.decode(), out

    bar, out = said_to_terminal("nystream classify -r music")
    assert "% " in bar
    assert "\x1b[K" in bar
    assert bar.endswith("\r\x1b[K")  # it takes itself away
    assert len(out.splitlines()) == 5
    assert "\x1b" not in out
    quiet, _ = said_to_terminal("nystream classify -r music none.wav --quiet", NO_COLOR="1")
    assert quiet.splitlines() == ["nystream: none.wav: there is no such file: check its name"]


def test_colour_is_for_terminals_and_for_those_who_want_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())
    console = Console(quiet=True)
    console.note("a note")
    console.progress(0.5, "half")
    console.error("an error\nwith a line end")
    assert capsys.readouterr().err == "nystream: an error\\nwith a line end\n"
