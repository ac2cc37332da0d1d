"""The commands around classify, the terminal, and how quickly help comes."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import __version__
from app.cli.arguments import parser
from app.files.console import Console, wants_colour
from model import GTZAN_GENRES
from tests.app.cli.shell import SECONDS, Shell


def test_help_comes_at_once(shell: Shell) -> None:
    """In seconds of the processor, which on an idle machine are those of the clock."""
    import resource

    def spent() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    took = []
    for _ in range(5):
        before = spent()
        done = shell.run("nystream classify --help")
        took.append(spent() - before)
        assert "exit codes" in done.stdout
    assert min(took) < 0.3
    assert shell.run("nystream --version").stdout == f"nystream {__version__}\n"


def test_what_is_not_understood_is_quoted_without_commanding_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for typed in (["--\x1b[2J"], ["classify", "a.wav", "--\x1b[2J"]):
        with pytest.raises(SystemExit, match="2"):
            parser().parse_args(typed)
        said = capsys.readouterr().err
        assert "--\\x1b[2J" in said
        assert "\x1b" not in said


def test_every_command_answers_as_json(shell: Shell) -> None:
    asked = ("info --json", "bench --json --frames 20", "devices --json")
    info, bench, devices = (json.loads(shell.call(f"nystream {command}").stdout) for command in asked)
    assert info["version"] == __version__
    assert len(info["model"]["hash"]) == 64
    assert tuple(info["genres"]) == GTZAN_GENRES
    for key in ("step_us", "frame_us", "twin_us"):
        assert 0 < bench[key]["p50"] <= bench[key]["p95"] <= bench[key]["p99"]
    assert bench["frame_us"]["p50"] > bench["step_us"]["p50"]
    assert bench["flops"]["twin"] > bench["flops"]["step"] > 0
    assert bool(devices["devices"]) != bool(devices["problem"])


def test_comparing_tells_both_answers_and_what_they_cost(shell: Shell, library: Path) -> None:
    done = shell.call("nystream classify music/rock/song.wav --compare --format json")
    (file,) = json.loads(done.stdout)["files"]
    comparison = file["comparison"]
    assert comparison["twin"]["genre"] == file["genre"]
    assert comparison["twin"]["probability"] == pytest.approx(file["probability"], abs=1e-4)
    assert 0 < comparison["largest_difference"] < 1e-4
    assert comparison["flops"]["twin"] > 10 * comparison["flops"]["step"]
    for model in ("step", "twin"):
        factor = file["duration"] * 1000 / comparison["milliseconds"][model]
        assert comparison["real_time_factor"][model] == pytest.approx(factor)


OFFERED = {
    "nystream cl": {"classify"},
    "nystream classify --overw": {"--overwrite"},
    "nystream classify --format j": {"json", "jsonl", "jams"},
    "nystream completion ": {"bash", "zsh", "fish"},
}


@pytest.mark.parametrize("typed", OFFERED)
def test_bash_completes_commands_options_and_choices(shell: Shell, typed: str) -> None:
    words = " ".join(f"'{word}'" for word in typed.split(" "))
    done = shell.run(
        f'eval "$(nystream completion bash)"; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); '
        '_shtab_nystream; echo "${COMPREPLY[@]}"'
    )
    assert set(done.stdout.split()) == OFFERED[typed]


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize("typed", OFFERED)
def test_fish_completes_commands_options_and_choices(shell: Shell, typed: str) -> None:
    done = shell.run(f"fish --no-config -c 'nystream completion fish | source; complete -C \"{typed}\"'")
    assert {line.partition("\t")[0] for line in done.stdout.splitlines()} == OFFERED[typed]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_commands_options_choices_and_files(shell: Shell) -> None:
    """In a terminal, as somebody who presses the tabulator key; what is then run says what it was."""
    import pty

    (shell.folder / "song.wav").touch()
    completed = {
        "nystream cla": "classify .",
        "nystream --pl": "--play .",
        "nystream classify --overw": "classify --overwrite .",
        "nystream classify --format rav": "classify --format raven .",
        "nystream completion z": "completion zsh .",
        "nystream classify so": "classify song.wav .",
    }
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        ["zsh", "-f", "-i"],
        cwd=shell.folder,
        env=shell.environment | {"TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    try:
        # One after another: what is typed while the shell is busy is taken as it is.
        os.write(ours, b"source <(nystream completion zsh); nystream() { print -r ran: $@ . }; print rea''dy\n")
        for typed, expected in [("", "ready"), *completed.items()]:
            os.write(ours, typed.encode() + (b"\t.\n" if typed else b""))
            until = (f"ran: {expected}" if typed else expected).encode()
            said, began = b"", time.monotonic()
            while until not in said:
                ready, _, _ = select.select([ours], [], [], 1.0)
                said += os.read(ours, 1000) if ready else b""
                assert time.monotonic() - began < SECONDS, said
    finally:
        run.kill()
        run.wait()
        os.close(ours)


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
