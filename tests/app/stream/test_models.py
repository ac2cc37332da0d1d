"""One loader: compiled where that is ready, with the same answers as torch, and torch where it cannot be had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.files.classify import classify_file
from app.stream import models
from app.stream.backend import CompiledBackend, compile_classifier, describe_backend
from app.stream.models import compile_model, load_model, torch_model
from app.stream.torch_backend import TorchBackend
from app.stream.weights import default_weights, family_weights
from audio import BANDS
from model import Classifier, ModelConfig, WeightsError, load_classifier, save_classifier
from model.compiled.classifier import CompiledClassifier, compile_all
from model.weights import read_weights
from tests.app.made_music import made_music
from tests.own_process import run_python


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    compile_all()
    return load_classifier(default_weights())


def test_a_live_stream_is_answered_as_torch_does(classifier: Classifier) -> None:
    model = compile_model(torch_model(classifier))
    assert model is not None
    make_backend = model.make_backend
    compiled, by_torch = make_backend(), TorchBackend(classifier)
    assert compiled.name == "compiled"
    log_mels = np.random.default_rng(0).normal(-30.0, 12.0, (60, BANDS)).astype(np.float32)
    tokens, expected_tokens = compiled.tokenize(log_mels[:40]), by_torch.tokenize(log_mels[:40])
    answers, expected = compiled.encode(tokens), by_torch.encode(expected_tokens)
    np.testing.assert_allclose(tokens, expected_tokens, rtol=0, atol=1e-4)
    np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-5)
    for at in range(40, 60):
        frame = log_mels[at : at + 1]
        answer = compiled.encode(compiled.tokenize(frame))
        np.testing.assert_allclose(answer, by_torch.encode(by_torch.tokenize(frame)), rtol=0, atol=1e-5)
    assert compiled.filled == by_torch.filled == 60
    assert isinstance(make_backend(), CompiledBackend)
    assert make_backend().filled == 0  # a stream of its own


def test_a_file_is_classified_the_same_either_way(classifier: Classifier, tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=6.0), 22_050)
    by_torch = classify_file(torch_model(classifier), song)
    compiled = classify_file(load_model(default_weights()), song)
    assert compiled.genre == by_torch.genre
    assert compiled.probabilities == pytest.approx(by_torch.probabilities, abs=1e-5)
    np.testing.assert_allclose(compiled.timeline.probabilities, by_torch.timeline.probabilities, rtol=0, atol=1e-5)


@pytest.mark.parametrize("weights", family_weights(), ids=lambda weights: weights.stem)
def test_weights_that_ship_are_rounded_and_take_half_the_room(weights: Path) -> None:
    compiled = CompiledClassifier.load(weights)
    assert compiled.sizes.halves == compiled.tokenizing.halves == 1


def test_what_is_not_covered_stays_in_torch_and_says_so(classifier: Classifier) -> None:
    retroactive = Classifier(replace(classifier.config, blocks=2, stacking="retroactive")).for_inference()
    assert compile_classifier(retroactive) is None
    assert compile_model(torch_model(retroactive)) is None
    described = describe_backend(retroactive.config, {})
    assert described["name"] == "torch"
    assert "retroactive" in described["note"]
    assert describe_backend(*read_weights(default_weights()))["name"] == "compiled"


def test_a_cache_that_cannot_be_written_is_no_fault_and_info_says_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder can be made in a file")
    code = """
from app.stream.backend import describe_backend
from app.stream.models import load_model
from app.stream.weights import default_weights
from app.stream.backend import is_ready
from model.compiled.cache import cache_folder
from model.weights import read_weights
assert cache_folder() is None and not is_ready()
assert load_model(default_weights()).make_backend().name == "torch"
print(describe_backend(*read_weights(default_weights()))["note"])
"""
    assert "anew at every start" in run_python(code, NYSTREAM_CACHE=str(tmp_path / "file"))


def test_weights_for_other_frames_are_refused_with_what_to_do(tmp_path: Path) -> None:
    weights = tmp_path / "of before.safetensors"
    save_classifier(Classifier(ModelConfig(bands=BANDS + 8)), weights)
    for load in (load_model, models.load_classifier):
        with pytest.raises(WeightsError, match=rf"made for frames of {BANDS + 8} bands.*{BANDS}: train it again"):
            load(weights)
