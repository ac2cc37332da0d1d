"""The log turns over, faults are told in words, and diagnostics hold what helps and no more."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qInstallMessageHandler, qWarning

from app import __version__
from app.installed import ALL_PACKAGES, licence_of
from app.live.protocol import DeviceList, InputDeviceChoice
from app.stream.weights import default_weights
from app.window.log import (
    FAULT,
    LARGEST_BYTES,
    OLD_ONES,
    begin_log,
    catch_faults,
    diagnostics,
    last_lines,
)
from tests.own_process import run_python


@pytest.fixture
def log_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr("app.window.log.print_elsewhere", lambda _path: None)  # the tests' own process keeps its stream
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    begin_log(tmp_path / "state" / "nystream.log")
    yield tmp_path / "state" / "nystream.log"
    qInstallMessageHandler(None)
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()


def test_what_is_logged_stands_in_the_file_and_old_ones_are_few(log_path: Path) -> None:
    log = logging.getLogger("app.something")
    for number in range(40):
        log.warning("%s %s", number, "x" * (LARGEST_BYTES // 6))
    log.warning("the last one")
    assert last_lines(log_path, 1)[0].endswith("app.something: the last one")
    kept = list(log_path.parent.iterdir())
    assert len(kept) == 1 + OLD_ONES
    assert sum(path.stat().st_size for path in kept) <= (1 + OLD_ONES) * LARGEST_BYTES


def test_without_a_place_for_the_log_nothing_is_raised_and_nothing_gets_to_the_terminal(
    tmp_path: Path, log_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    for handler in root.handlers:
        root.removeHandler(handler)
    qInstallMessageHandler(None)
    (tmp_path / "taken").write_text("a file")
    begin_log(tmp_path / "taken" / "nystream.log")
    qWarning("a word of Qt's")
    logging.getLogger("app").error("a fault", exc_info=ValueError("here"))
    assert capfd.readouterr() == ("", "")
    assert last_lines(tmp_path / "taken" / "nystream.log", 5) == []


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_what_c_libraries_print_is_logged_and_standard_error_is_still_the_terminal(tmp_path: Path) -> None:
    code = """
import ctypes, os, sys
from pathlib import Path
from app.window.log import begin_log
os.dup2(1, 2)
begin_log(Path(sys.argv[1]))
c = ctypes.CDLL(None)
c.fputs(b"Expression failed\\n", ctypes.c_void_p.in_dll(c, "stderr"))
os.write(2, b"written, ")
print("printed", file=sys.stderr, flush=True)
os._exit(0)  # no orderly end, and nothing is lost
"""
    assert run_python(code, str(tmp_path / "nystream.log")) == "written, printed"
    assert last_lines(tmp_path / "nystream.log", 1) == ["Expression failed"]


def test_a_fault_in_any_thread_is_logged_whole_and_told_in_one_sentence(
    log_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    told: list[str] = []
    catch_faults(told.append)
    thread = threading.Thread(target=lambda: [][1])
    thread.start()
    thread.join()
    try:
        raise ZeroDivisionError("here")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert told == [FAULT, FAULT]
    written = "\n".join(last_lines(log_path, 100))
    assert "IndexError" in written
    assert "ZeroDivisionError: here" in written
    assert "Traceback" not in "".join(capfd.readouterr())


def test_diagnostics_name_versions_model_microphones_and_the_end_of_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/somebody"))
    devices = DeviceList((InputDeviceChoice("Desk", "key", is_default=True),), hint="Install a virtual device.")
    said = diagnostics(default_weights(), devices, ["1 opened /home/somebody/song.wav"])
    assert said.startswith(f"Nystream {__version__}\nPython ")
    for needed in ("torch ", "PySide6-Essentials ", "SHA-256 ", "  Desk (default)\n", "  Install a virtual device.\n"):
        assert needed in said
    assert "1 opened ~/song.wav" in said
    assert "somebody" not in said
    missing = diagnostics(tmp_path / "gone.safetensors", None, [])
    assert "model gone.safetensors cannot be read" in missing
    assert "not searched yet" in missing


@pytest.mark.parametrize("package", ALL_PACKAGES)
def test_every_licence_fits_a_line(package: str) -> None:
    assert 2 < len(licence_of(package)) < 120
    assert "\n" not in licence_of(package)
