"""Weights on disk: what is written is what is read, and a broken file says so in one sentence."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from model import Classifier, WeightsError, load_classifier, load_for_training, read_notes, save_classifier
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


def broken_nan(path: Path) -> None:
    change_a_number(path, math.nan)


def broken_huge(path: Path) -> None:
    change_a_number(path, 3e38)


def change_a_number(path: Path, number: float) -> None:
    tensors = load_file(path)
    tensors["tokenizer.projection.weight"][1, 2] = number
    save_file(tensors, path, {"format": "nystream-1", "config": SMALL.to_json()})


@pytest.mark.parametrize("notes", ["{", "[1]", "3"])
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
        broken_nan,
        broken_huge,
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
