"""Files beside files: what goes where, and what is never lost."""

from __future__ import annotations

import csv
import inspect
import json
import os
import sys
import threading
from pathlib import Path

import pytest

from app.cli.main import main
from app.files.inputs import common_root, expand
from app.files.output import Output, Tree, WholeFile
from tests.app.cli.conftest import LIBRARY
from tests.app.cli.shell import SECONDS, Shell


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_output_tree_mirrors_the_input_tree_and_is_not_overwritten(shell: Shell, library: Path) -> None:
    done = shell.call("nystream classify -r music -o out --format json --errors failed.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert files_in(shell.folder / "out") == {f"{name}.json" for name in LIBRARY} | {".nystream-resume"}
    for name in LIBRARY:
        (file,) = json.loads((shell.folder / f"out/{name}.json").read_text())["files"]
        assert file["path"] == f"music/{name}"
    assert json.loads((shell.folder / "failed.json").read_text())["errors"] == []

    precious = shell.folder / "out/rock/song.wav.json"
    precious.write_text("precious")
    again = shell.call("nystream classify -r music/rock -o out/rock --format json --errors failed2.json")
    assert again.returncode == 1
    assert precious.read_text() == "precious"
    assert again.stderr.count("--overwrite") == 2
    failed = json.loads((shell.folder / "failed2.json").read_text())["errors"]
    assert [error["path"] for error in failed] == ["music/rock/live/song.wav", "music/rock/song.wav"]

    replaced = shell.call("nystream classify music/rock/song.wav -o out/rock --format json --overwrite")
    assert replaced.returncode == 0, replaced.stderr
    assert json.loads(precious.read_text())["files"]


def test_one_file_for_all_is_whole_and_every_input_is_found(shell: Shell, library: Path) -> None:
    (shell.folder / "list.txt").write_text("# chosen\nmusic/jazz/song.flac\n\nmusic/rock/song.wav\n")
    done = shell.call("nystream classify @list.txt 'music/jazz/*.ogg' 'no/*.wav' music --format csv -o all.csv")
    assert done.returncode == 1
    with (shell.folder / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == ["music/jazz/song.flac", "music/rock/song.wav", "music/jazz/take, five.ogg"]
    said = done.stderr.splitlines()
    assert len(said) == 2
    assert said[0].startswith("nystream: no/*.wav: ")
    assert "-r" in said[1]
    assert files_in(shell.folder) - {f"music/{name}" for name in LIBRARY} == {
        *("list.txt", "all.csv", ".all.csv.nystream-resume", "music/jazz/._song.wav", "music/jazz/cover.png"),
    }


def test_names_that_meet_elsewhere_never_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for given, expected in (
        (["x/song.mp3", "y/song.mp3"], ["out/x/song.mp3.csv", "out/y/song.mp3.csv"]),
        (["x/song.mp3", "x/song.wav"], ["out/song.mp3.csv", "out/song.wav.csv"]),
        (["x/song.mp3", "../song.mp3"], None),
    ):
        tree = Tree(Path("out"), common_root(given, given), ".csv")
        places = [tree.place(path) for path in given]
        assert len(set(places)) == len(given)
        assert all(Path("out") in place.parents and ".." not in place.parts for place in places)
        assert expected is None or places == [Path(place) for place in expected]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")
def test_links_in_circles_end(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "song.wav").touch()
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "b/across").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    found = list(expand([str(tmp_path)], recursive=True))
    assert found == [str(tmp_path / "a/song.wav"), str(tmp_path / "b/song.wav")]
    (tmp_path / "a/again").symlink_to(tmp_path / "a")
    assert list(expand([f"{tmp_path}/**/*.wav"], recursive=False)) == found


def test_folders_may_lie_deeper_than_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    deep = Path(*["d"] * 200)
    deep.mkdir(parents=True)
    (deep / "song.wav").touch()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        found = [*expand(["d"], recursive=True), *expand(["**/*.wav"], recursive=False)]
    finally:
        sys.setrecursionlimit(limit)
    assert found == [str(deep / "song.wav")] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_pipes_devices_and_what_is_hidden_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "device.wav").symlink_to("/dev/zero")
    (tmp_path / ".hidden").mkdir()
    for name in (".hidden/song.wav", "song.wav"):
        (tmp_path / name).touch()
    passed_over: list[str] = []
    assert list(expand([str(tmp_path)], True, passed_over.append)) == [str(tmp_path / "song.wav")]
    assert [os.path.basename(path) for path in passed_over] == [".hidden", "device.wav", "pipe.wav"]


def test_a_list_between_zeros_may_hold_any_name(tmp_path: Path) -> None:
    names = [b"a\nb.wav", b"#c.wav", b"\xff\xfe.wav"]
    (tmp_path / "list").write_bytes(b"\0".join(names) + b"\0")
    assert [os.fsencode(str(name)) for name in expand([f"@{tmp_path}/list"], recursive=False)] == names


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_list_is_read_as_any_editor_writes_it(tmp_path: Path, encoding: str, line_end: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    lines = ["Dvo\u0159\u00e1k: Largo.wav", "# not this", "", "b.wav"]
    (tmp_path / "list").write_bytes((mark + line_end.join(lines) + line_end).encode(encoding))
    assert list(expand([f"@{tmp_path}/list"], recursive=False)) == [lines[0], lines[3]]


def test_folders_give_all_that_can_be_read_and_the_rest_is_named(tmp_path: Path) -> None:
    for name in ("a.WV", "b.ac3", "c.3gp", "d.ts", "e.mpga", "cover.jpg", "list.m3u8", ".hidden.wav", "no suffix"):
        (tmp_path / name).touch()
    passed_over: list[str] = []
    found = list(expand([str(tmp_path)], True, passed_over.append))
    assert [os.path.basename(str(path)) for path in found] == ["a.WV", "b.ac3", "c.3gp", "d.ts", "e.mpga"]
    assert [os.path.basename(path) for path in passed_over] == [".hidden.wav", "cover.jpg", "list.m3u8", "no suffix"]


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    place = tmp_path / "answers.csv"
    with WholeFile(place, overwrite=False) as whole:
        whole.stream.write("half")
    assert list(tmp_path.iterdir()) == []
    with WholeFile(place, overwrite=False) as whole:
        whole.stream.write("whole")
        assert not place.exists()
        whole.commit()
    assert place.read_text() == "whole"
    with pytest.raises(FileExistsError), WholeFile(place, overwrite=False):
        pass
    assert place.read_text() == "whole"


@pytest.mark.skipif(sys.platform == "win32", reason="rights and links as Unix has them")
def test_what_is_replaced_keeps_its_rights_and_a_link_stays_one(tmp_path: Path) -> None:
    place, link = tmp_path / "answers.csv", tmp_path / "link"
    place.write_text("before")
    place.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(place, 1234, 4321)
    before = place.stat()
    link.symlink_to("answers.csv")
    with WholeFile(link) as whole:
        assert (tmp_path / ".answers.csv.partial").stat().st_mode == before.st_mode  # never open to more people
        whole.commit()
    after = place.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert link.is_symlink()
    assert place.read_text() == ""
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic"), WholeFile(tmp_path / "loop"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.csv", "link", "loop"]


@pytest.mark.parametrize("known", [True, False], ids=["before", "afterwards"])
def test_an_input_that_is_named_twice_is_answered_once(
    known: bool, library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of several processes the second may begin before the output of the first is there."""
    monkeypatch.chdir(library.parent)
    if not known:
        monkeypatch.setattr(Output, "has", lambda self, path: False)
    assert main(["classify", "music/rock/song.wav", "./music/rock/song.wav", "-o", "out"]) == 1
    said = "its output exists already: add --overwrite, or choose another folder"
    assert capsys.readouterr().err == f"nystream: ./music/rock/song.wav: {said}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes as Unix has them")
def test_a_device_and_a_pipe_are_written_into_and_leave_nothing_beside(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The device is a pseudo-terminal: no file can be made where it lies, whatever goes wrong here."""
    monkeypatch.chdir(library.parent)
    os.mkfifo("pipe.csv")
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(Path("pipe.csv").read_bytes()), daemon=True)
    reader.start()
    classify = ["classify", "music/rock/song.wav", "--format", "csv", "-o"]
    assert main([*classify, "pipe.csv"]) == 0
    reader.join(SECONDS)
    assert len(received[0].splitlines()) == 2
    ours, theirs = os.openpty()
    Path("device.csv").symlink_to(os.ttyname(theirs))
    for options in ([], ["--overwrite"]):
        assert main([*classify, "device.csv", *options]) == 0
        shown = b""
        while shown.count(b"\n") < 2:  # a terminal hands on what it has so far
            shown += os.read(ours, 10_000)
        assert shown.replace(b"\r\n", b"\n") == received[0]
    assert main([*classify, "device.csv", "--resume"]) == 2
    assert "add -o" in capsys.readouterr().err
    assert sorted(os.listdir()) == ["device.csv", "music", "pipe.csv"]
    os.close(ours)
    os.close(theirs)


def test_a_name_may_be_as_long_as_the_file_system_allows(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(library.parent)
    longest = f"{'n' * 251}.csv"
    assert main(["classify", "music/rock/song.wav", "--format", "csv", "-o", longest]) == 0
    assert main(["classify", "music/rock/song.wav", "--format", "csv", "-o", longest, "--resume"]) == 0
    assert Path(longest).read_text().count("\n") == 2
    assert main(["classify", "music/rock/song.wav", "--format", "csv", "-o", f"n{longest}"]) == 2
    os.replace("music/rock/song.wav", f"{'n' * 251}.wav")
    assert main(["classify", f"{'n' * 251}.wav", "--format", "csv", "-o", "out/"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "shorten its name" in said[1]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on file sizes on Windows")
def test_a_full_disk_leaves_nothing_half_written(shell: Shell, library: Path) -> None:
    """A limit on the size of files fails a write in its middle, as a full disk does."""
    done = shell.run("ulimit -f 1; nystream classify music/rock/song.wav music/jazz/song.wav -o out --format json")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert "cannot be written" in done.stderr
    assert files_in(shell.folder / "out") <= {".nystream-resume"}
    if Path("/dev/full").exists():
        full = shell.run("nystream classify music/rock/song.wav --format json > /dev/full")
        assert full.returncode == 1
        assert len(full.stderr.splitlines()) == 1
