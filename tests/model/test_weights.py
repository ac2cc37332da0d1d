"""Weights on disk: what is written is what is read, and a broken file says so in one sentence."""

from __future__ import annotations

import json
import math
import pickle
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model import Classifier, ModelConfig, WeightsError, load_classifier, load_for_training, read_notes, save_classifier
from model.compiled.classifier import CompiledClassifier
from model.config import ADDED
from tests.model.conftest import SMALL, music


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    path = tmp_path / "weights.safetensors"
    save_classifier(Classifier(SMALL), path, {"trained_on": "nothing"})
    return path


def test_weights_are_read_as_they_were_written(saved: Path) -> None:
    torch.manual_seed(3)
    original, loaded = Classifier(SMALL), load_for_training(saved)
    assert loaded.config == SMALL
    for name, tensor in original.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=0, atol=0)
    assert read_notes(saved) == {"trained_on": "nothing"}


def test_folding_the_batch_norms_does_not_change_the_answer(saved: Path) -> None:
    trained, used = load_for_training(saved), load_classifier(saved)
    for tensor_name, tensor in trained.named_buffers():
        if tensor_name.endswith("running_var"):
            tensor.uniform_(0.5, 2.0)
    save_classifier(trained, saved)
    used = load_classifier(saved)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in used.modules())
    frames = music(1, 30, dtype=torch.float32)
    torch.testing.assert_close(used(frames), trained.eval()(frames), rtol=0, atol=1e-5)


def test_a_field_that_was_added_is_written_where_it_is_used_and_has_its_default_elsewhere(saved: Path) -> None:
    config = json.loads(SMALL.to_json())
    assert not config.keys() & set(ADDED)
    assert load_for_training(saved).config == CompiledClassifier.load(saved).config == SMALL
    rotary = replace(SMALL, attention="softmax", rotary=True)
    assert ModelConfig.from_json(rotary.to_json()) == rotary
    del config["window"]
    save_with(saved, json.dumps(config))
    assert "lacks ['window']" in refused(saved)


def test_saving_leaves_no_partial_file(saved: Path) -> None:
    assert [path.name for path in saved.parent.iterdir()] == ["weights.safetensors"]


def broken_missing(path: Path) -> None:
    path.unlink()


def broken_empty(path: Path) -> None:
    path.write_bytes(b"")


def broken_text(path: Path) -> None:
    path.write_text("these are not weights\n" * 100)


def broken_truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def broken_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


def broken_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def broken_other_format(path: Path) -> None:
    save_file(load_file(path), path, {"format": "pt"})


def broken_config(path: Path) -> None:
    save_file(load_file(path), path, {"format": "nystream-1", "config": "{}"})


def broken_config_is_no_json(path: Path) -> None:
    save_file(load_file(path), path, {"format": "nystream-1", "config": "width=3"})


def broken_sizes(path: Path) -> None:
    config = json.loads(SMALL.to_json()) | {"width": 48}
    save_file(load_file(path), path, {"format": "nystream-1", "config": json.dumps(config)})


@pytest.mark.parametrize("notes", ["{", "[1]", "3", "[" * 100_000])
def test_notes_that_are_damaged_are_called_so(saved: Path, notes: str) -> None:
    save_file(load_file(saved), saved, {"format": "nystream-1", "config": SMALL.to_json(), "notes": notes})
    with pytest.raises(WeightsError, match="notes cannot be read"):
        read_notes(saved)


def test_the_weights_of_something_else_are_called_so(saved: Path) -> None:
    broken_other_format(saved)
    with pytest.raises(WeightsError, match="no Nystream weights"):
        load_classifier(saved)


@pytest.mark.parametrize(
    "damage",
    [
        broken_missing,
        broken_empty,
        broken_text,
        broken_truncated,
        broken_pickle,
        broken_directory,
        broken_other_format,
        broken_config,
        broken_config_is_no_json,
        broken_sizes,
    ],
    ids=lambda damage: damage.__name__,
)
def test_broken_weights_are_refused_in_one_sentence(saved: Path, damage: object) -> None:
    assert callable(damage)
    damage(saved)
    with pytest.raises(WeightsError) as caught:
        load_classifier(saved)
    assert "\n" not in str(caught.value)
    assert str(saved) in str(caught.value)


# --- weights that mean harm


def save_with(path: Path, config: str, **changes: torch.Tensor) -> None:
    save_file(load_file(path) | changes, path, {"format": "nystream-1", "config": config})


def refused(path: Path) -> str:
    """What both loaders say, without having built a module."""
    said = set()
    for load in (load_classifier, CompiledClassifier.load):
        with pytest.raises(WeightsError) as caught:
            load(path)
        said.add(str(caught.value))
    (sentence,) = said
    assert sentence.isprintable()
    assert str(path) in sentence
    return sentence


@pytest.fixture
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(config: ModelConfig) -> None:
        pytest.fail("a module is built")

    monkeypatch.setattr("model.classifier.Classifier", build)
    monkeypatch.setattr("model.compiled.classifier.CompiledClassifier.__init__", build)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize(
    "change",
    [
        {"window": 387.5},
        {"window": "11"},
        {"window": True},
        {"window": 1 << 29},
        {"width": 10**4000},
        {"level_window": 1 << 30},
        {"stem_dilations": [1, 0, 1]},
        {"stem_dilations": [1, -2, 1]},
        {"stem_dilations": [1, 1 << 29, 1]},
        {"stem_channels": 3},
        {"stem_channels": [3, 4.5, 5]},
        {"blocks": 1_000_000},
        {"level_floor_db": math.nan},
        {"level_floor_db": -50.0},
        {"level_floor_db": 10**400},
        {"unsure_margin": None},
        {"dropout": "0.1"},
        {"inverse_ridge": 1e-300},
        {"inverse_ridge": math.inf},
        {"norm": ["pre"]},
        {"rotary": 1},
        {"rotary": None},
        {"rotary": True},  # its landmarks are fixed
        {"genres": "abc"},
        {"genres": ["blues", "jazz", 3]},
        {"genres": ["blues", "jazz", "blues"]},
        {"genres": ["blues", "jazz", "\x1b[31mrock"]},
        {"genres": ["blues", "jazz", ""]},
        {"genres": ["blues", "jazz"]},
    ],
    ids=lambda change: str(change)[:50],
)
def test_a_configuration_that_means_harm_is_refused_in_one_sentence(saved: Path, change: dict[str, Any]) -> None:
    save_with(saved, json.dumps(json.loads(SMALL.to_json()) | change))
    refused(saved)


@pytest.mark.usefixtures("nothing_is_built")
@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("tokenizer.projection.bias", torch.full((SMALL.width,), math.nan), "damaged"),
        ("tokenizer.projection.bias", torch.full((SMALL.width,), -3e38), "damaged"),
        ("tokenizer.projection.bias", torch.zeros(SMALL.width, dtype=torch.int32), "I32"),
        ("tokenizer.projection.bias", torch.zeros(SMALL.width, dtype=torch.bfloat16), "BF16"),
        ("tokenizer.projection.bias", torch.zeros(SMALL.width, 1), "shape"),
        ("tokenizer.band_scale", torch.tensor(0.0), "damaged"),
        ("tokenizer.stem.convolutions.1.norm.running_var", torch.full((4,), -1.0), "damaged"),
        ("encoder.blocks.1.widen.bias", torch.zeros(20), "no tensor of such a model"),
    ],
)
def test_tensors_that_mean_harm_are_refused_in_one_sentence(
    saved: Path, name: str, tensor: torch.Tensor, message: str
) -> None:
    save_with(saved, SMALL.to_json(), **{name: tensor})
    assert message in refused(saved)


@pytest.mark.usefixtures("nothing_is_built")
def test_brackets_without_end_are_refused(saved: Path) -> None:
    save_with(saved, "[" * 100_000)
    assert "nested" in refused(saved)


HOSTILE = [0, -1, 1, 2, 7, 0.5, 1e308, -1e-308, math.nan, math.inf, 1 << 62, "", "pre", "softmax", "retroactive", None]


@pytest.mark.parametrize("seed", range(100))
def test_whatever_a_weights_file_holds_it_is_refused_or_its_answers_are_numbers(saved: Path, seed: int) -> None:
    choices = random.Random(seed)
    config, changes = json.loads(SMALL.to_json()), {}
    for _ in range(choices.randint(1, 2)):
        name = choices.choice(sorted(config))
        config[name] = choices.choice([*HOSTILE, [choices.choice(HOSTILE)] * 3])
    if choices.random() < 0.5:
        config, tensors = json.loads(SMALL.to_json()), load_file(saved)
        name = choices.choice(sorted(tensors))
        changes[name] = tensors[name] * choices.choice([0, -1, 1e3, 1e6, 1e30, math.nan])
    save_with(saved, json.dumps(config), **changes)
    frames = music(1, 20, dtype=torch.float32)
    try:
        answers = load_classifier(saved)(frames)
    except WeightsError:
        refused(saved)
    else:
        assert torch.isfinite(answers).all()
