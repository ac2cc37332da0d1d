"""What `pip install` gives: a command of its own, types, no Qt unless it is asked for, and a page for an index."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import main as command
from tests.own_process import CHECKOUT, run_python

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("broken", ["import error", "another package"])
def test_a_package_in_the_place_of_ours_is_named(tmp_path: Path, broken: str) -> None:
    """Found first in another folder, or written over ours."""
    package = tmp_path / "app"
    package.mkdir()
    (package / "__init__.py").write_text("")
    if broken == "import error":
        shutil.copytree(CHECKOUT / "app" / "cli", package / "cli")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(CHECKOUT)!r}]; import nystream; nystream.main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert len(said) == 1
    assert said[0].startswith("nystream: another package has taken the place of `app`")
    assert str(package) in said[0]


def test_a_bundle_stands_in_for_the_python_that_is_not_there() -> None:
    """What this program starts with `sys.executable -c`, as to look for microphones, is this program then."""
    code = """
import runpy, sys
sys.frozen, sys.argv = True, ["nystream", "-c", "import sys; print('run', *sys.argv[1:])", "more"]
runpy.run_path("nystream.py", run_name="__main__")
"""
    assert run_python(code) == "run more"


def test_without_qt_the_window_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(
        command, "find_spec", lambda name: None if name == "PySide6" else importlib.util.find_spec(name)
    )
    for arguments in ([], ["demo"]):
        assert command.main(arguments) == 2
        assert "the window needs Qt, which is not installed: pip install 'nystream[gui]'" in capsys.readouterr().err


def test_qt_is_an_extra() -> None:
    needed = " ".join(PROJECT["project"]["dependencies"])
    assert "PySide6" not in needed
    assert "pyqtgraph" not in needed
    assert {re.split("[>=<]", line)[0] for line in PROJECT["project"]["optional-dependencies"]["gui"]} == {
        "PySide6-Essentials",
        "pyqtgraph",
    }


def test_the_packages_say_that_they_have_types() -> None:
    assert all((CHECKOUT / name / "py.typed").exists() for name in ("app", "audio", "model"))


def test_an_index_shows_no_picture_or_link_that_it_does_not_have() -> None:
    page = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert "](docs/" in page
    for change in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        page = re.sub(change["pattern"], change["replacement"], page)
    assert re.findall(r"\]\((?!https:)[^)]*\)", page) == []
    assert "![" not in page
