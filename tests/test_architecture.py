"""The house: imports run downwards, in no circle, and docs/architecture.md draws what is there.

cli -> window -> live, files -> stream -> audio, model        (demo: between live and audio)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = ("app", "audio", "model", "scripts")
# What a room may import, besides itself and the files of `app` in no room; imports within functions count, too.
BELOW: dict[str, set[str]] = {
    "app": set(),  # the few files that stand in no room
    "audio": set(),
    "model": set(),
    "app.stream": {"audio", "model"},
    "app.demo": {"audio"},
    "app.live": {"app.stream", "app.demo", "audio", "model"},
    "app.files": {"app.stream", "audio", "model"},
    "app.window": {"app.live", "app.files", "app.stream", "audio", "model"},
    "app.cli": {"app.window", "app.live", "app.files", "app.demo", "app.stream", "audio", "model"},
}
FOREIGN = {  # what a room must do without
    "audio": {"torch", "PySide6", "pyqtgraph"},
    "model": {"PySide6", "pyqtgraph", "sounddevice", "soundfile", "av"},
    "app.stream": {"PySide6", "pyqtgraph"},
    "app.live": {"PySide6", "pyqtgraph"},
    "app.files": {"PySide6", "pyqtgraph"},
    "app.demo": {"torch", "PySide6", "pyqtgraph"},
}


class Import(NamedTuple):
    """`module` imports `name`, a module of ours or the top of a foreign one."""

    module: str
    name: str
    at_once: bool  # when the module is imported, not later in a function

    def __str__(self) -> str:
        return f"{self.module} imports {self.name}"


def name_of(path: Path) -> str:
    """The module in a file, as one would import it."""
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {name_of(path): path for package in PACKAGES for path in sorted((CHECKOUT / package).rglob("*.py"))}


@cache
def all_imports() -> tuple[Import, ...]:
    return tuple(found for name in modules() for found in imports_of(name))


def imports_of(module: str) -> Iterator[Import]:
    """Every import statement of a file, wherever it stands."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    later = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in imported(node, module):
                yield Import(module, name, id(node) not in later)


def imported(node: ast.Import | ast.ImportFrom, module: str) -> Iterator[str]:
    """What one statement names: `from app.live import engine` is app.live.engine, where that is a module."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        names = [".".join(filter(None, (package(node, module), node.module, alias.name))) for alias in node.names]
    for name in names:
        while name not in modules() and "." in name:
            name = name.rpartition(".")[0]
        yield name


def package(node: ast.ImportFrom, module: str) -> str:
    """From where a relative import counts; nothing where it is none."""
    parts = module.split(".")
    if modules()[module].name == "__init__.py":
        parts.append("")
    return ".".join(parts[: -node.level]) if node.level else ""


def room(module: str) -> str:
    """app.window.live.now -> app.window; app.installed -> app; audio.ring -> audio; torch.nn -> torch."""
    parts = module.split(".")
    if parts[0] != "app":
        return parts[0]
    if module == "app.__main__":
        return "app.cli"
    return ".".join(parts[:2]) if len(parts) > 1 and (CHECKOUT / "app" / parts[1]).is_dir() else "app"


@pytest.mark.parametrize("name", BELOW)
def test_imports_run_downwards(name: str) -> None:
    ours = {*PACKAGES, "tests"}
    wrong = [
        str(found)
        for found in all_imports()
        if room(found.module) == name
        and found.name.split(".")[0] in ours
        and room(found.name) not in {name, "app", *BELOW[name]}
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_has_its_place() -> None:
    places = {room(module) for module in modules()}
    assert places == {*BELOW, "scripts"}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_room_does_without_what_is_none_of_its_business(name: str) -> None:
    wrong = [str(found) for found in all_imports() if room(found.module) == name and room(found.name) in FOREIGN[name]]
    assert not wrong, "\n".join(wrong)


def test_no_script_imports_tests() -> None:
    wrong = [str(found) for found in all_imports() if room(found.name) == "tests"]
    assert not wrong, "\n".join(wrong)


def test_no_file_imports_itself_by_way_of_others() -> None:
    needs: dict[str, set[str]] = {name: set() for name in modules()}
    for found in all_imports():
        if found.at_once and found.name in needs and found.name != found.module:
            needs[found.module].add(found.name)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize(
    ("heading", "most"), [("From the microphone to a pixel", 16), ("From classify to a printed line", 9)]
)
def test_the_way_of_a_frame_is_a_short_list_of_files_that_exist(heading: str, most: int) -> None:
    """A file a line, in the fenced block below its heading in docs/architecture.md; a remark may follow the name."""
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(heading)}\n(?:(?!#|```).*\n)*```\w*\n((?:(?!```).*\n)*)", text, re.MULTILINE)
    assert found, f"docs/architecture.md has no list under “{heading}”"
    files = [line.split()[0] for line in found[1].splitlines() if line.strip()]
    assert 0 < len(files) <= most
    assert len(set(files)) == len(files)
    missing = [file for file in files if not (CHECKOUT / file).is_file()]
    assert not missing, ", ".join(missing)
