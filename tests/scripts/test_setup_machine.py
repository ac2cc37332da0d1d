"""A machine for which there are no packages is told so, in a sentence, before pip looks for them."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from scripts.preparation import start
from scripts.preparation.environment import Environment
from scripts.preparation.system import SetUpError


def be(
    monkeypatch: pytest.MonkeyPatch,
    system: str = "linux",
    processor: str = "x86_64",
    libc: tuple[str, str] = ("glibc", "2.36"),
    python: tuple[int, ...] = (3, 12, 1),
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(sys, "version_info", python)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({}, ""),
        ({"processor": "aarch64", "libc": ("glibc", "2.34")}, ""),
        ({"system": "darwin", "processor": "arm64", "libc": ("", "")}, ""),
        ({"system": "win32", "processor": "AMD64", "libc": ("", "")}, ""),
        ({"python": (3, 10, 0)}, ""),
        ({"python": (3, 14, 9)}, ""),
        ({"python": (3, 15, 0)}, "needs Python 3.10 to 3.14"),
        ({"libc": ("glibc", "2.31")}, "needs glibc 2.34, and this system has 2.31"),
        ({"libc": ("", "")}, "not for another C library on x86_64"),
        ({"processor": "armv7l"}, "not for glibc on armv7l"),
        ({"system": "darwin", "processor": "x86_64"}, "use one with Apple silicon"),
        ({"system": "win32", "processor": "ARM64"}, "install a Python for x86-64"),
    ],
)
def test_only_what_has_no_packages_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, what: dict[str, str], said: str
) -> None:
    be(monkeypatch, **what)  # type: ignore[arg-type]
    fault = start.machine_fault()
    monkeypatch.undo()
    assert said in fault
    assert bool(said) == bool(fault)


def test_the_sentence_comes_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "machine_fault", lambda: "not here")
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).touch()
    with pytest.raises(SetUpError, match="not here"):
        start.prepare(Environment(tmp_path))
    assert not (tmp_path / ".venv").exists()
