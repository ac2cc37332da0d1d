"""What is compiled: loaded where it is ready, done without where it cannot be had, and said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.stream import backend
from app.stream.backend import compile_everything, describe_backend, is_ready
from app.stream.models import load_model
from app.stream.weights import default_weights
from model.compiled import cache
from model.weights import read_weights
from tests.own_process import run_python


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    compile_everything()


def test_what_set_up_compiled_is_loaded_and_said() -> None:
    assert is_ready()
    model = load_model(default_weights())
    assert model.make_backend().name == "compiled"
    described = describe_backend(*read_weights(default_weights()))
    assert described["name"] == "compiled"
    assert "kept in" in described["note"]


def test_without_numba_torch_computes_and_info_says_it() -> None:
    code = """
import sys
sys.modules["numba"] = None  # importing it now fails as if it were broken
from app.stream.backend import describe_backend
from app.stream.models import load_model
from app.stream.weights import default_weights
from model.weights import read_weights
model = load_model(default_weights())
print(model.make_backend().name)
print("{name} {note}".format(**describe_backend(*read_weights(default_weights()))))
from app.stream.bench import measure_models
print({step.backend for step in measure_models([default_weights()], 5.0, rounds=1)})
"""
    said = run_python(code).splitlines()
    assert said[0] == "torch"
    assert said[1].startswith("torch numba")
    assert said[2] == "{'torch'}"


def test_what_is_damaged_is_not_ready_and_a_command_compiles_it_again_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = cache.cache_folder()
    assert here is not None
    folder = tmp_path / "copy"
    shutil.copytree(here, folder, ignore=shutil.ignore_patterns("scripts.*"))  # those no start needs
    monkeypatch.setattr(cache, "cache_folder", lambda: folder)
    monkeypatch.setattr(backend, "compile_everything", lambda: compiled.append("all"))
    compiled: list[str] = []
    said: list[str] = []
    backend.mend(said.append)
    assert (is_ready(), compiled, said) == (True, [], [])
    for damaged in folder.iterdir():
        content = damaged.read_bytes()
        damaged.write_bytes(content[: len(content) // 2])
        assert not is_ready()
        assert backend.load_ready(default_weights()) is None  # a window begins with torch meanwhile
        backend.mend(said.append)
        damaged.write_bytes(content)
        assert is_ready()
    assert len(compiled) == len(said) == len(list(folder.iterdir()))
    assert "damaged" in said[0]
    shutil.rmtree(folder)  # never compiled: torch serves a command, the window compiles
    folder.mkdir()
    backend.mend(said.append)
    assert len(compiled) == len(said)
    assert not is_ready()


def test_where_nothing_can_be_compiled_torch_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise SystemError("no compiler")

    monkeypatch.setattr(backend, "compile_everything", fail)
    model = load_model(default_weights())
    assert [model.make_backend().name for _ in range(2)] == ["torch", "torch"]


SAY_WHAT_COMPUTES = """
from app.stream.backend import describe_backend, is_ready
from app.stream.weights import default_weights
from model.weights import read_weights
print(is_ready(), describe_backend(*read_weights(default_weights()))["note"])
"""


def test_a_cache_that_cannot_be_written_delays_nobody_and_info_says_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder can be made in a file")
    said = run_python(SAY_WHAT_COMPUTES, NYSTREAM_CACHE=str(tmp_path / "file"))
    assert said.startswith("False")
    assert "no cache folder can be written" in said


def test_an_empty_cache_is_not_ready_and_info_says_when_it_will_be(tmp_path: Path) -> None:
    assert run_python(SAY_WHAT_COMPUTES, NYSTREAM_CACHE=str(tmp_path)) == "False to be compiled by the first window"


def test_all_is_loaded_without_torch() -> None:
    code = """
import sys
from app.stream.backend import compile_everything
compile_everything()
print("torch" in sys.modules)
"""
    assert run_python(code) == "False"
