"""The command that makes what ships: all of it on a pack made here, gone on with, and refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from unittest.mock import patch

import numpy as np

from app.stream.models import load_classifier
from model import read_notes
from tests.scripts.gtzan import fill_sound_cache, pack_fields, script, write_pack

SOUNDS = {"share": 0.03, "unsure": 0.9, "by_kind": {"motor": 0.5, "rain": 0.0}, "windows": 8}


def test_all_that_ships_is_made_and_nothing_twice(tmp_path: Path) -> None:
    fields = pack_fields(clips=60, frames=60)
    sides = np.array(["train"] * 20 + ["valid"] * 20 + ["test"] * 20)
    pack, output, folder = (
        write_pack(tmp_path / "pack.npz", **fields | {"split": sides}),
        tmp_path / "out",
        tmp_path / "f",
    )
    output.mkdir()
    card = output / "MODEL_CARD.md"
    command = (
        "release.py", "--data", pack, "--cache", fill_sound_cache(tmp_path), "--folder", folder, "--output", output,
        "--epochs", 1, "--threads", 1,
    )  # fmt: skip
    with (
        patch("scripts.measures.confident_windows", lambda classifier: SOUNDS),
        patch("scripts.measures.accuracy_through_noise", lambda classifier, test: {"babble": {"20": 0.5, "5": 0.25}}),
    ):
        card.write_text("# A card without a place for tables\n")
        refused = script(*command)
        assert refused.returncode == 1
        assert "has no place for the tables" in refused.stderr

        card.write_text("Before.\n<!-- written by scripts/release.py: begin -->\nold\n<!-- end -->\nAfter.\n")
        again = script(*command)
    assert again.returncode == 0, again.stderr
    assert "epoch" not in again.stderr, "all was trained by the first call"

    text = card.read_text()
    assert text.startswith("Before.\n")
    assert text.endswith("After.\n")
    assert "old" not in text
    assert "the 20 clips of test" in text
    assert "all 60 clips, each answered by a model that never heard its artist" in text
    assert "| through babble at 20, 5 dB | 50.0, 25.0 % |" in text
    assert "| `nystream` | 3.0 % (motor 50 %) | 90.0 % |" in text

    found, published = (json.loads((folder / f"{name}.json").read_text()) for name in ("calibration", "published"))
    assert found["figures"]["clips"] == 60
    assert published["clips"] == 20
    assert json.loads((folder / "calibration-published.json").read_text())["figures"]["clips"] == 40
    for name in ("nystream", "nystream-softmax", "nystream-continual"):
        path = output / f"{name}.safetensors"
        assert hashlib.sha256(path.read_bytes()).hexdigest() in text
        notes = read_notes(path)
        assert notes["trained_on"] == "60 clips: train+valid+test of the split fault-filtered"
        assert float(notes["temperature"]) == found["temperature"]
        assert load_classifier(path).config.unsure_probability == found["unsure"]["probability"]


def test_weights_of_another_recipe_are_not_taken_for_these(tmp_path: Path) -> None:
    """Broken off after its folds, then called with other epochs: the weights that are there are not those."""
    fields = pack_fields(clips=60, frames=60) | {"split": np.array(["train", "valid", "test"] * 20)}
    pack, folder = write_pack(tmp_path / "pack.npz", **fields), tmp_path / "folder"
    common = ("--data", pack, "--cache", fill_sound_cache(tmp_path), "--threads", 1)
    first = (
        "train.py",
        *common,
        "--epochs",
        1,
        "--train-on",
        "train+valid",
        "--output",
        folder / "published.safetensors",
    )
    assert script(*first).returncode == 0
    (folder / "folds").mkdir()
    for fold in range(4):
        shutil.copy(folder / "published.safetensors", folder / "folds" / f"fold-{fold}.safetensors")
    refused = script("release.py", *common, "--folder", folder, "--output", tmp_path, "--epochs", 2)
    assert refused.returncode == 1
    assert "was trained otherwise: delete it" in refused.stderr
