"""What is compiled: loaded where it is ready, done without where it cannot be had, and said."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from app.stream import backend
from app.stream.backend import compile_everything, describe_front_end, is_ready
from app.stream.models import compile_model, load_model, torch_model
from app.stream.weights import default_weights
from audio import SAMPLE_RATE, StreamingLogMel
from model import load_classifier
from model.compiled import cache
from tests.app.made_music import made_music
from tests.own_process import run_python


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    compile_everything()


def test_what_set_up_compiled_is_loaded_and_said() -> None:
    assert is_ready()
    model = load_model(default_weights())
    model.make_backend()
    assert model.front_end.name == "compiled"
    assert describe_front_end()["name"] == "compiled"
    assert "kept in" in describe_front_end()["note"]


def test_a_window_without_it_begins_with_numpy_and_is_compiled_with_the_model() -> None:
    model = torch_model(load_classifier(default_weights()))
    front_end = model.front_end
    assert front_end.name == "numpy"
    sound = made_music(seconds=2.0).astype(np.float32)
    stream = StreamingLogMel(front_end)
    before = stream.push(sound[:SAMPLE_RATE])
    compiled = compile_model(model)
    assert compiled is not None
    assert compiled.front_end is front_end
    assert front_end.name == "compiled"
    frames = np.concatenate([before, stream.push(sound[SAMPLE_RATE:])])
    np.testing.assert_allclose(frames, StreamingLogMel().push(sound), rtol=0, atol=1e-4)


def test_without_numba_torch_and_numpy_compute_and_info_says_it() -> None:
    code = """
import sys
sys.modules["numba"] = None  # importing it now fails as if it were broken
from app.stream.backend import describe_backend, describe_front_end
from app.stream.models import load_model
from app.stream.weights import default_weights
from model.weights import read_weights
model = load_model(default_weights())
print(model.make_backend().name, model.front_end.name)
for described in describe_backend(*read_weights(default_weights())), describe_front_end():
    print(described["name"], described["note"])
from app.stream.bench import measure_models
print({step.backend for step in measure_models([default_weights()], 5.0, rounds=1)})
"""
    said = run_python(code).splitlines()
    assert said[0] == "torch numpy"
    assert [line.split()[:2] for line in said[1:3]] == [["torch", "numba"], ["numpy", "numba"]]
    assert said[3] == "{'torch'}"


def test_what_is_damaged_is_not_ready_and_a_command_compiles_it_again_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = cache.cache_folder()
    assert here is not None
    folder = tmp_path / "copy"
    shutil.copytree(here, folder, ignore=shutil.ignore_patterns("scripts.*"))  # those no start needs
    monkeypatch.setattr(cache, "cache_folder", lambda: folder)
    monkeypatch.setattr(backend, "compile_everything", lambda front_end=None: compiled.append("all"))
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
    def fail(_front_end: object = None) -> None:
        raise SystemError("no compiler")

    monkeypatch.setattr(backend, "compile_everything", fail)
    model = load_model(default_weights())
    assert [model.make_backend().name for _ in range(2)] == ["torch", "torch"]
    assert model.front_end.name == "numpy"


def test_a_cache_that_cannot_be_written_delays_nobody_and_info_says_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder can be made in a file")
    code = """
from app.stream.backend import describe_front_end, is_ready
print(is_ready(), describe_front_end()["note"])
"""
    said = run_python(code, NYSTREAM_CACHE=str(tmp_path / "file"))
    assert said.startswith("False")
    assert "no cache folder can be written" in said


def test_an_empty_cache_is_not_ready_and_info_says_when_it_will_be(tmp_path: Path) -> None:
    code = """
from app.stream.backend import describe_front_end, is_ready
print(is_ready(), describe_front_end()["note"])
"""
    assert run_python(code, NYSTREAM_CACHE=str(tmp_path)) == "False by the first window; numpy until then"


def test_all_is_loaded_without_torch() -> None:
    code = """
import sys
from app.stream.backend import compile_everything
from audio import FrontEnd
front_end = FrontEnd()
compile_everything(front_end)
print(front_end.name, "torch" in sys.modules)
"""
    assert run_python(code) == "compiled False"
