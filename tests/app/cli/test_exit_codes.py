"""What a script can rely on: 0, 1, 2, 3, 130, and what failed as JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import torch

from app.cli.main import main
from app.stream.weights import default_weights
from model import load_for_training, save_classifier
from tests.app.cli.shell import Shell
from tests.app.made_music import made_music

USAGE = {
    "no paths": [],
    "an unknown format": ["a.wav", "--format", "xml"],
    "an impossible hop": ["a.wav", "--hop", "0s"],
    "a hop that is no time": ["a.wav", "--hop", "soon"],
    "the channel before the first": ["a.wav", "--channel", "0"],
    "a channel that is no number": ["a.wav", "--channel", "left"],
    "no processes": ["a.wav", "--jobs", "0"],
    "raw without standard input": ["a.wav", "--raw", "s16le,44100,2"],
    "raw of no kind": ["-", "--raw", "cd"],
    "raw of no rate": ["-", "--raw", "s16le,1,2"],
    "standard input twice": ["-", "-"],
    "labels of many on one page": ["a.wav", "b.wav", "--format", "audacity"],
    "resuming what was printed": ["a.wav", "--resume"],
    "quiet and verbose": ["a.wav", "-q", "-v"],
    "processes and a cluster": ["a.wav", "--jobs", "2", "--dask", "tcp://x"],
    "a file that exists": ["a.wav", "-o", "taken.json", "--format", "json"],
    "an error file that exists": ["a.wav", "--errors", "taken.json"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE.keys())
def test_what_cannot_be_asked_is_exit_code_2_before_anything_is_done(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.json").write_text("taken")
    try:
        code: object = main(["classify", *arguments])
    except SystemExit as left:  # as argparse does
        code = left.code
    assert code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "nystream" in said.err.splitlines()[-1]
    assert (tmp_path / "taken.json").read_text() == "taken"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")
@pytest.mark.parametrize(
    "written",
    [
        ["-o", "song.wav"],
        ["--errors", "song.wav"],
        ["-o", "link.csv"],
        ["-o", "list"],
        ["-o", "new", "--errors", "./new"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("how", ["--overwrite", "--resume"])
def test_what_is_read_is_never_replaced_and_no_file_holds_two_things(
    written: list[str], how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("song.wav", "list"):
        Path(name).write_text("song.wav")
    Path("link.csv").symlink_to("song.wav")
    destination = [] if "-o" in written else ["-o", "other"]
    (tmp_path / "new.csv").touch()
    written = [name.replace("new", "new.csv") for name in written]
    assert main(["classify", "@list", *written, *destination, how]) == 2
    assert capsys.readouterr().err.endswith(": choose another name\n")
    assert Path("song.wav").read_text() == Path("list").read_text() == "song.wav"
    assert sorted(os.listdir()) == ["link.csv", "list", "new.csv", "song.wav"]


def test_a_run_that_fails_in_part_is_exit_code_1_and_says_what_failed(shell: Shell, library: Path) -> None:
    done = shell.call("nystream classify none.wav music/rock/song.wav music -q --errors failed.json")
    assert done.returncode == 1
    assert done.stdout.startswith("music/rock/song.wav: ")
    failed = json.loads((shell.folder / "failed.json").read_text())
    assert [error["path"] for error in failed["errors"]] == ["none.wav", "music"]
    assert done.stderr.splitlines() == [f"nystream: {error['path']}: {error['error']}" for error in failed["errors"]]


def test_a_model_that_cannot_be_loaded_is_exit_code_3(shell: Shell) -> None:
    (shell.folder / "broken.safetensors").write_bytes(b"no weights")
    for weights in ("broken.safetensors", "none.safetensors", "."):
        done = shell.call(f"nystream classify a.wav --weights {weights} -o out.json")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert [path.name for path in shell.folder.iterdir()] == ["broken.safetensors"]


@pytest.mark.parametrize("command", ["classify a.wav", "bench", "info", ""])
def test_every_command_says_of_a_broken_model_one_sentence(shell: Shell, command: str) -> None:
    (shell.folder / "broken.safetensors").write_bytes(b"no weights")
    ask = shell.call if command else shell.run  # the window takes the process for itself
    done = ask(f"nystream {command} --weights broken.safetensors")
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("nystream: ")
    assert "broken.safetensors is not a readable safetensors file" in line


def test_weights_of_another_shape_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classifier = load_for_training(default_weights())
    classifier.encoder.head.bias = torch.nn.Parameter(torch.zeros(3))
    save_classifier(classifier, tmp_path / "small.safetensors")
    for command in (["bench"], ["info"], ["classify", "a.wav"]):
        assert main([*command, "--weights", str(tmp_path / "small.safetensors")]) == 3
        assert capsys.readouterr().err.endswith("encoder.head.bias has shape (3,); expected (10,)\n")


def test_a_name_that_begins_with_a_dash_can_be_given(shell: Shell) -> None:
    import soundfile

    soundfile.write(shell.folder / "-x.wav", made_music(1.0), 22_050)
    for given, name in (("-- -x.wav", "-x.wav"), ("./-x.wav", "./-x.wav")):
        assert shell.call(f"nystream classify {given}").stdout.partition(":")[0] == name


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to be had")
def test_an_answer_that_cannot_be_printed_is_never_exit_code_0(shell: Shell, library: Path) -> None:
    commands = ["--version", "info --json", "classify music/rock/song.wav --format csv"]
    done = shell.run("; ".join(f"nystream {one} > /dev/full; echo $?; nystream {one} >&-; echo $?" for one in commands))
    assert done.stdout.split() == ["1"] * 2 * len(commands)
    full = "nystream: the answers cannot be written (No space left on device): make room, or choose another place"
    closed = "nystream: standard output is closed: open it, and try again"
    assert done.stderr.splitlines() == [full, closed] * len(commands)


def test_what_cannot_be_said_changes_no_answer_and_no_exit_code(shell: Shell, library: Path) -> None:
    done = shell.run(
        "nystream classify music/rock/song.wav none.wav 2>&-; echo $?; "
        "nystream classify music/rock/song.wav -v -o out.txt <&- >&- 2> /dev/full; echo $?; cat out.txt; "
        "nystream classify @- <&-"
    )
    answer, failed, well, again = done.stdout.splitlines()
    assert (failed, well, again) == ("1", "0", answer)
    assert done.stderr.startswith("nystream: @-: the list cannot be read")


def test_a_temporary_folder_that_no_socket_fits_in_costs_nobody_an_answer(shell: Shell, library: Path) -> None:
    done = shell.run("export TMPDIR=$PWD/$(printf %0120d); mkdir $TMPDIR; nystream classify -j 2 music/rock/*.wav")
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 1, "")
