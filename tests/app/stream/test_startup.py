"""What a start may not wait for: modules that are not imported when the window is painted, or a command is done."""

from __future__ import annotations

import gc
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.cli.main import main
from app.stream.backend import compile_everything
from app.stream.imports import bulk_imports
from app.stream.models import load_model
from app.stream.weights import default_weights
from app.window.start import FirstPainting
from model import Classifier, WeightsError, load_for_training, save_classifier
from model.compiled import classifier as compiled_classifier
from tests.app.made_music import made_music
from tests.own_process import run_python

NEVER = {"librosa", "soundfile", "sklearn", "joblib", "matplotlib", "PIL", "IPython", "pytest"}
WINDOW_WAITS_NOT_FOR = NEVER | {"torch", "scipy.linalg", "av", "soxr"}
CLASSIFY_WAITS_NOT_FOR = NEVER | {"torch", "scipy.linalg", "sounddevice", "PySide6", "pyqtgraph"}
INFO_WAITS_NOT_FOR = NEVER | {"torch", "scipy.linalg", "av", "sounddevice", "soxr", "PySide6", "pyqtgraph"}
HELP_WAITS_NOT_FOR = INFO_WAITS_NOT_FOR | {"numpy", "numba", "safetensors", "model", "audio", "dataclasses"}

AS_FAR_AS_THE_FIRST_PAINTING = """
import os, sys
import app.live.model_choice
def look(models):
    print(*sys.modules, sep=",", flush=True)
    os._exit(0)
app.live.model_choice.ModelChooser.complete = look
from app.cli.main import main
main([])
"""
TO_ITS_END = """
import sys
from app.cli.main import main
try:
    code = main(sys.argv[1:])
finally:
    print(*sys.modules, sep=",")
"""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    compile_everything()  # a start is quick from the second one on


def imported(folder: Path, code: str, *arguments: str) -> set[str]:
    """The modules that a process of its own has imported, as its last line says."""
    folders = {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    said = run_python(code, *arguments, QT_QPA_PLATFORM="offscreen", **folders)
    return set(said.splitlines()[-1].split(","))


def test_the_window_is_painted_before_anything_is_imported_that_can_wait(tmp_path: Path) -> None:
    found = imported(tmp_path, AS_FAR_AS_THE_FIRST_PAINTING)
    assert "pyqtgraph" in found
    assert found & WINDOW_WAITS_NOT_FOR == set()


def test_a_file_is_classified_with_next_to_nothing_imported(tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=3.0), 22_050)
    found = imported(tmp_path, TO_ITS_END, "classify", str(song))
    assert "av" in found
    assert found & CLASSIFY_WAITS_NOT_FOR == set()


def test_info_reads_the_weights_without_torch(tmp_path: Path) -> None:
    found = imported(tmp_path, TO_ITS_END, "info", "--json")
    assert "safetensors" in found
    assert found & INFO_WAITS_NOT_FOR == set()


@pytest.mark.parametrize("asked", ["--help", "classify --help", "--version"])
def test_help_imports_nothing_but_the_command_line(tmp_path: Path, asked: str) -> None:
    found = imported(tmp_path, TO_ITS_END, *asked.split())
    assert "argparse" in found
    assert found & HELP_WAITS_NOT_FOR == set()


def test_info_counts_the_parameters_that_were_trained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json"]) == 0
    trained = load_for_training(default_weights())
    assert json.loads(capsys.readouterr().out)["parameters"] == sum(
        parameter.numel() for parameter in trained.parameters()
    )


def test_compiled_functions_are_loaded_for_a_model_that_they_cover_and_for_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load() -> tuple[()]:
        loaded.append("all")
        return ()

    monkeypatch.setattr(compiled_classifier, "compile_all", load)
    config = replace(load_for_training(default_weights()).config, blocks=2, stacking="retroactive")
    uncovered = tmp_path / "retroactive.safetensors"
    save_classifier(Classifier(config), uncovered)
    assert load_model(uncovered).make_backend().name == "torch"
    assert loaded == []
    covered = load_model(default_weights(), window=65)
    assert covered.description.window == 65
    assert loaded == []  # the window is not there yet
    assert [covered.make_backend().name for _ in range(2)] == ["compiled", "compiled"]
    assert loaded == ["all"]


def test_weights_that_cannot_be_used_are_said_before_there_is_a_window(tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_text("no weights")
    with pytest.raises(WeightsError):
        load_model(broken)
    with pytest.raises(ValueError, match="window"):
        load_model(default_weights(), window=0)


def test_bulk_imports_end_as_it_began_also_within_itself() -> None:
    turn = sys.getswitchinterval()
    with bulk_imports():
        with bulk_imports():
            pass
        assert sys.getswitchinterval() < turn
        assert not gc.isenabled()
    assert sys.getswitchinterval() == turn
    assert gc.isenabled()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux says what is loaded")
def test_torch_s_library_is_loaded_before_torch_is_imported() -> None:
    code = """
import sys
from pathlib import Path
from app.stream import imports
load = imports.load_torch_library
def load_and_look():
    load()
    print("libtorch_cpu" in Path("/proc/self/maps").read_text(), "torch" in sys.modules)
imports.load_torch_library = load_and_look
imports.import_torch()
import torch
print(torch.get_num_threads())
"""
    assert run_python(code).split() == ["True", "False", "1"]


def test_something_is_done_once_after_the_first_painting(qtbot: QtBot) -> None:
    done: list[bool] = []
    window = QWidget()
    qtbot.addWidget(window)
    first = FirstPainting(lambda: done.append(True))
    window.installEventFilter(first)
    window.ensurePolished()
    assert done == []
    window.show()
    qtbot.waitUntil(lambda: len(done) == 1, timeout=10_000)
    window.repaint()
    qtbot.wait(1)
    assert done == [True]
