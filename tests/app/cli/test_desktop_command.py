"""`nystream desktop`: a launcher that desktops understand, put into the user's folders and taken out of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.desktop import quoted
from app.cli.main import main
from app.stream.weights import desktop_file

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="folders and launchers as XDG has them")


def said_by(program: str, *arguments: object) -> str:
    """All that it says; it must be content."""
    if shutil.which(program) is None:
        pytest.skip(f"not installed: {program} (Debian: appstream desktop-file-utils)")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_install_and_remove_can_be_said_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", "")  # the desktop's own tools may be missing
    for _ in range(2):
        assert main(["desktop", "install"]) == 0
        assert capsys.readouterr().out.startswith("Nystream is in the menu now, and offered for sound files: ")
        assert files_in(tmp_path / "data") == {
            "applications/nystream.desktop",
            "icons/hicolor/256x256/apps/nystream.png",
            "icons/hicolor/scalable/apps/nystream.svg",
        }
    for was_there in (True, False):
        assert main(["desktop", "remove"]) == 0
        said = "Nystream is no longer in the menu" if was_there else "Nystream was not in the menu"
        assert capsys.readouterr().out.startswith(said)
        assert files_in(tmp_path / "data") == set()


def test_the_launcher_starts_this_program_with_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["desktop", "install"]) == 0
    launcher = tmp_path / "applications" / "nystream.desktop"
    (line,) = [line for line in launcher.read_text().splitlines() if line.startswith("Exec=")]
    assert line.startswith(f'Exec="{sys.executable}" ')
    assert line.endswith(' "-m" "app" "--open" %F')
    said_by("desktop-file-validate", launcher)
    assert "audio/mpeg=nystream.desktop;" in (tmp_path / "applications" / "mimeinfo.cache").read_text()


def test_characters_with_a_meaning_are_themselves_in_a_launcher() -> None:
    assert quoted("/home/a b/python") == '"/home/a b/python"'
    assert quoted('50%/"$HOME`') == r'"50%%/\\"\\$HOME\\`"'
    assert quoted("back\\slash") == r'"back\\\\slash"'


def test_a_folder_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    assert main(["desktop", "install"]) == 2
    assert "cannot be written (Not a directory)" in capsys.readouterr().err


def test_the_desktop_s_own_validators_are_content() -> None:
    assert said_by("desktop-file-validate", desktop_file("nystream.desktop")) == ""
    said_by("appstreamcli", "validate", "--no-net", desktop_file("nystream.metainfo.xml"))
