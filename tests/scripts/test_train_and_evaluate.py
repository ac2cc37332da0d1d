"""The real scripts on a pack and on a folder of audio that are made here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.weights import default_weights
from model import GTZAN_GENRES, load_classifier, read_notes
from tests.scripts.gtzan import CHECKOUT, NOISE, script, write_clip, write_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("pack") / "pack.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips that the published split knows, one text and one clip that is too short."""
    folder = tmp_path_factory.mktemp("audio")
    for genre in ("blues", "jazz"):
        write_clip(folder / genre / f"{genre}.00011.wav")
    write_clip(folder / "jazz" / "jazz.00012.wav", NOISE[: 5 * 22_050])
    (folder / "jazz" / "jazz.00054.wav").write_text("not a sound")
    return folder


def test_what_is_trained_can_be_measured_and_says_where_it_comes_from(pack: Path, tmp_path: Path) -> None:
    output = tmp_path / "trained.safetensors"
    trained = script("train.py", "--data", pack, "--output", output, "--epochs", 2, "--check-every", 1)
    assert trained.returncode == 0, trained.stderr
    assert "epoch   2/2" in trained.stderr
    notes = read_notes(output)
    assert notes["valid_clips"] == "20"
    measured = script("evaluate.py", "--data", pack, "--split", "valid", "--weights", output, "--json")
    assert measured.returncode == 0, measured.stderr
    figures = json.loads(measured.stdout)
    assert figures["clips"] == 20
    assert figures["accuracy"] == pytest.approx(float(notes["valid_accuracy"]), abs=0.051)  # folding may tip one
    assert load_classifier(output).config.genres == GTZAN_GENRES


def test_a_folder_is_measured_and_what_cannot_be_used_is_named(folder: Path) -> None:
    measured = script("evaluate.py", "--audio", folder, "--cache", folder / "cache", "--json")
    assert measured.returncode == 0, measured.stderr
    assert json.loads(measured.stdout)["clips"] == 2
    said = measured.stderr.splitlines()
    assert len(said) == 2
    assert "jazz.00012.wav: left out" in said[0]
    assert "jazz.00054.wav: left out" in said[1]


def test_the_answer_for_a_clip_is_the_one_of_the_command_line(folder: Path) -> None:
    """Same frames, same mean over tokens: the answer for the folder's clip decides the accuracy."""
    clip = folder / "jazz" / "jazz.00011.wav"
    command = [sys.executable, "-m", "app", "classify", "--format", "json", str(clip)]
    classified = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, timeout=100, check=True)
    genre = json.loads(classified.stdout)["files"][0]["genre"]
    expected = ((genre == "blues") + (genre == "jazz")) / 2
    measured = json.loads(script("evaluate.py", "--audio", folder, "--cache", folder / "cache", "--json").stdout)
    assert measured["accuracy"] == pytest.approx(expected)


@pytest.mark.parametrize("damage", ["missing", "text", "field", "split", "empty folder", "weights"])
def test_bad_data_is_one_sentence_and_exit_code_1(pack: Path, tmp_path: Path, damage: str) -> None:
    bad = tmp_path / "bad.npz"
    arguments: list[object] = ["--data", bad, "--split", "valid"]
    if damage == "text":
        bad.write_text("not a pack")
    elif damage == "field":
        with np.load(pack) as whole:
            np.savez(bad, **{name: whole[name] for name in whole.files if name != "genre"})
    elif damage == "split":
        arguments = ["--data", pack, "--split", "test"]
    elif damage == "empty folder":
        arguments = ["--audio", tmp_path]
    elif damage == "weights":
        arguments = ["--data", pack, "--weights", bad]
    done = script("evaluate.py", *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("evaluate: ")


def test_the_shipped_model_is_as_accurate_as_it_says(shared_folder: Path) -> None:
    notes = read_notes(default_weights())
    pack = shared_folder / "gtzan" / "logmel_train_valid.npz"
    measured = script("evaluate.py", "--data", pack, "--split", "valid", "--json")
    figures = json.loads(measured.stdout)
    assert figures["accuracy"] == pytest.approx(float(notes["valid_accuracy"]), abs=0.006)
    assert figures["accuracy"] >= 0.5
