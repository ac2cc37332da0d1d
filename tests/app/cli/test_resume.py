"""Going on after a crash, after Ctrl-C, and after nothing at all."""

from __future__ import annotations

import json
import os
import platform
import signal
import time
from pathlib import Path

import pytest

from app.cli.main import main
from app.files.journal import Journal
from tests.app.cli.conftest import LIBRARY
from tests.app.cli.shell import SECONDS, Shell


def done_before(said: str) -> set[str]:
    return {line.removeprefix("nystream: ").partition(": ")[0] for line in said.splitlines() if "done before" in line}


def wait_for(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("end", ["SIGKILL", "SIGINT"])  # by name: Windows does not have the first
def test_what_was_finished_before_the_end_is_kept_and_not_done_again(shell: Shell, library: Path, end: str) -> None:
    """The run stands at a pipe that nobody writes to when it is ended."""
    os.mkfifo(library / "rock/never.wav")
    inputs = "music/jazz music/rock/live music/rock/never.wav music/rock/song.wav"
    run = shell.start(f"nystream classify -r {inputs} -o out --format json")
    first = [name for name in LIBRARY if name < "rock/never.wav"]
    wait_for(lambda: all((shell.folder / f"out/{name}.json").exists() for name in first))
    time.sleep(0.2)
    run.send_signal(signal.Signals[end])
    _, said = run.communicate(timeout=SECONDS)
    if end == "SIGINT":
        assert run.returncode == 130
        assert said.decode().splitlines() == ["nystream: interrupted: what is finished is kept"]
    (library / "rock/never.wav").unlink()

    times = {name: (shell.folder / f"out/{name}.json").stat().st_mtime_ns for name in first}
    again = shell.call("nystream classify -r music -o out --format json --resume -v")
    assert again.returncode == 0, again.stderr
    assert done_before(again.stderr) == {f"music/{name}" for name in first}
    for name in LIBRARY:
        assert json.loads((shell.folder / f"out/{name}.json").read_text())["files"]
    assert {name: (shell.folder / f"out/{name}.json").stat().st_mtime_ns for name in first} == times


def test_only_what_has_changed_is_done_again(shell: Shell, library: Path) -> None:
    assert shell.call("nystream classify -r music -o all.json --format json").returncode == 0
    before = json.loads((shell.folder / "all.json").read_text())
    # One file with new content of the same size and time, one with a new time, one that is gone.
    changed, touched, gone = library / "rock/song.wav", library / "jazz/song.wav", library / "jazz/song.flac"
    status, content = changed.stat(), bytearray(changed.read_bytes())
    content[2000:] = content[2000:][::-1]
    changed.write_bytes(content)
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.utime(touched, ns=(0, 0))
    gone.unlink()

    again = shell.call("nystream classify -r music -o all.json --format json --resume -v")
    assert again.returncode == 0, again.stderr
    assert done_before(again.stderr) == {"music/jazz/take, five.ogg", "music/rock/live/song.wav"}
    after = json.loads((shell.folder / "all.json").read_text())
    assert [file["path"] for file in after["files"]] == [f"music/{name}" for name in LIBRARY[1:]]
    old, new = ({file["path"]: file for file in answer["files"]} for answer in (before, after))
    assert new["music/rock/song.wav"] != old["music/rock/song.wav"]
    for name in LIBRARY[1:4]:
        assert new[f"music/{name}"] == old[f"music/{name}"]

    # A record that was being written when the machine stopped is as if it were not there.
    journal = shell.folder / ".all.json.nystream-resume"
    journal.write_bytes(journal.read_bytes()[:-9])
    for inputs, known in (("music", 3), ("music/jazz --hop 0.5s", 0)):
        other = shell.call(f"nystream classify -r {inputs} -o all.json --format json --resume -v")
        assert other.returncode == 0, other.stderr
        assert len(done_before(other.stderr)) == known


def test_an_output_without_its_line_and_a_line_without_its_output_are_made_again(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A crash between the two, a crash in the middle of a line, and a file that somebody deleted."""
    monkeypatch.chdir(library.parent)
    run = ["classify", "-r", "music", "-o", "out", "--format", "json"]
    assert main(run) == 0
    journal = library.parent / "out/.nystream-resume"
    outputs = {name: (library.parent / f"out/{name}.json").read_bytes() for name in LIBRARY}
    whole = journal.read_bytes().splitlines(keepends=True)
    spoiled = whole[3].replace(b"0.", b"1.", 1)  # still JSON
    for damage, lost in ((whole[:-1], 1), ([*whole[:-1], whole[-1][:200]], 1), ([*whole[:3], spoiled, *whole[4:]], 1)):
        journal.write_bytes(b"".join(damage))
        (library.parent / f"out/{LIBRARY[0]}.json").unlink()
        capsys.readouterr()
        assert main([*run, "--resume", "-v"]) == 0
        assert len(done_before(capsys.readouterr().err)) == len(LIBRARY) - lost
        assert {name: (library.parent / f"out/{name}.json").read_bytes() for name in LIBRARY} == outputs


def test_a_timeline_that_was_not_wanted_before_is_made(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(library.parent)
    run = ["classify", "music/rock/song.wav", "-o", "out", "--format", "csv"]
    assert main(run) == 0
    for options, row in ((["--timeline"], "start,end"), ([], "duration")):
        assert main([*run, "--resume", *options]) == 0
        assert Path("out/song.wav.csv").read_text().startswith(f"path,{row},")


@pytest.mark.parametrize(("output", "journal"), [("out", "out/.nystream-resume"), ("a.csv", ".a.csv.nystream-resume")])
def test_a_second_run_over_the_same_place_says_who_has_it_and_touches_nothing(
    output: str, journal: str, library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(library.parent)
    first = Journal(Path(journal), {}, keep=True)
    before = Path(journal).read_bytes()
    for how in ("--resume", "--overwrite"):
        assert main(["classify", "music/rock/song.wav", "-o", output, how]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"nystream: another run is writing there, process {os.getpid()} on {platform.node()}")
        assert said.count("\n") == 1
        assert Path(journal).read_bytes() == before
    first.close()  # or the end of its process, whatever it was
    assert main(["classify", "music/rock/song.wav", "-o", output, "--resume"]) == 0
