"""The real scripts on a pack and on a folder of audio that are made here."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from app.cli.main import main
from app.stream.weights import default_weights
from model import GTZAN_GENRES, load_classifier, load_for_training, read_notes
from model.training import Epoch, Trainer
from tests.scripts.gtzan import NOISE, fill_sound_cache, pack_fields, script, write_clip, write_pack

KEYS = {
    "accuracy",
    "accuracy_last",
    "top2",
    "log_loss",
    "ece",
    "macro_f1",
    "per_genre",
    "confusion",
    "seconds_heard",
    "unsure",
    "clips",
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("pack") / "pack.npz", **pack_fields(frames=60))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips that the published split knows, one text and one clip that is too short."""
    folder = tmp_path_factory.mktemp("audio")
    for genre in ("blues", "jazz"):
        write_clip(folder / genre / f"{genre}.00011.wav")
    write_clip(folder / "jazz" / "jazz.00012.wav", NOISE[: 5 * 22_050])
    (folder / "jazz" / "jazz.00054.wav").write_text("not a sound")
    return folder


@pytest.fixture(scope="module")
def training_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill_sound_cache(tmp_path_factory.mktemp("cache"))


def train(cache: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return script("train.py", "--cache", cache, "--threads", 1, *arguments)


def test_what_is_trained_can_be_measured_and_says_where_it_comes_from(
    pack: Path, tmp_path: Path, training_cache: Path
) -> None:
    output = tmp_path / "trained.safetensors"
    trained = train(training_cache, "--data", pack, "--output", output, "--epochs", 2, "--check-every", 1)
    assert trained.returncode == 0, trained.stderr
    assert "epoch   2/2" in trained.stderr
    notes = read_notes(output)
    assert notes["valid_clips"] == "20"
    assert {path.name for path in tmp_path.iterdir()} == {"trained.safetensors", "trained.csv", "trained.png"}
    rows = (tmp_path / "trained.csv").read_text().splitlines()
    assert rows[0].split(",")[:3] == ["epoch", "loss", "valid_accuracy"]
    assert len(rows) == 3
    measured = script("evaluate.py", "--data", pack, "--split", "valid", "--weights", output, "--json")
    assert measured.returncode == 0, measured.stderr
    figures = json.loads(measured.stdout)
    assert set(figures) == KEYS
    assert figures["clips"] == 20
    assert figures["accuracy"] == pytest.approx(float(notes["valid_accuracy"]), abs=0.051)  # folding may tip one
    assert figures["unsure"]["precision"] == pytest.approx(float(notes["valid_sure_precision"]), abs=0.06)
    assert list(figures["seconds_heard"]) == ["1", "3", "5", "10", "30"]
    assert list(figures["per_genre"]) == list(GTZAN_GENRES)
    assert load_classifier(output).config.genres == GTZAN_GENRES


def test_what_was_broken_off_goes_on_and_ends_with_the_same_weights(
    tmp_path: Path, training_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = write_pack(tmp_path / "small.npz", **pack_fields(clips=20, frames=60))
    whole, broken = tmp_path / "whole.safetensors", tmp_path / "broken.safetensors"
    same = ("--data", pack, "--epochs", 3, "--seed", 4, "--train-on", "train+valid")
    assert train(training_cache, *same, "--output", whole).returncode == 0
    run_epoch = Trainer.run_epoch

    def press_ctrl_c(trainer: Trainer) -> Epoch:
        if trainer.epoch == 1:
            signal.raise_signal(signal.SIGINT)
        return run_epoch(trainer)

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "run_epoch", press_ctrl_c)
        interrupted = train(training_cache, *same, "--output", broken)
    assert interrupted.returncode == 130
    assert "every whole epoch is kept: the same command with --resume goes on" in interrupted.stderr
    checkpoint = tmp_path / "broken.checkpoint"
    assert checkpoint.exists()
    assert train(training_cache, *same, "--output", broken, "--resume").returncode == 0
    for name, tensor in load_for_training(whole).state_dict().items():
        assert torch.equal(load_for_training(broken).state_dict()[name], tensor), name
    assert not checkpoint.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path, training_cache: Path) -> None:
    pack = write_pack(tmp_path / "small.npz", **pack_fields(clips=20, frames=60))
    output = tmp_path / "trained.safetensors"
    (tmp_path / ".trained.csv.partial").symlink_to("/dev/full")
    arguments = ("--data", pack, "--output", output, "--epochs", 1)
    full = train(training_cache, *arguments)
    assert full.returncode == 1
    assert full.stderr.splitlines()[-1].startswith("nystream: the disk is full: make room; every whole epoch is kept")
    assert train(training_cache, *arguments, "--resume").returncode == 0
    assert output.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"split": np.array(["train"] + ["valid"] * 39)},
        {"split": np.array(["valid"] * 40)},
        {"genre": np.zeros(40, np.int64)},
    ],
    ids=["one clip", "no train part", "one genre"],
)
def test_data_that_cannot_be_trained_on_are_one_sentence(
    tmp_path: Path, training_cache: Path, changed: dict[str, np.ndarray]
) -> None:
    bad, output = write_pack(tmp_path / "bad.npz", **changed), tmp_path / "out.safetensors"
    done = train(training_cache, "--data", bad, "--output", output)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not output.exists()


def test_a_folder_is_measured_and_what_cannot_be_used_is_named(folder: Path) -> None:
    measured = script("evaluate.py", "--audio", folder, "--cache", folder / "cache", "--json")
    assert measured.returncode == 0, measured.stderr
    assert json.loads(measured.stdout)["clips"] == 2
    said = measured.stderr.splitlines()
    assert len(said) == 2
    assert "jazz.00012.wav: left out" in said[0]
    assert "jazz.00054.wav: left out" in said[1]


def test_the_answer_for_a_clip_is_the_one_of_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Same frames, same mean over tokens: the answer for the folder's clip decides the accuracy."""
    clip = folder / "jazz" / "jazz.00011.wav"
    assert main(["classify", "--format", "json", str(clip)]) == 0
    genre = json.loads(capsys.readouterr().out)["files"][0]["genre"]
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
        write_pack(bad, genre=None)
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
    assert done.stderr.startswith("nystream: ")


def test_the_shipped_model_knows_the_clips_that_it_was_trained_on(shared_folder: Path) -> None:
    """No measure of how good it is, but of whether the weights are those that the notes speak of."""
    assert "train+valid" in read_notes(default_weights())["trained_on"]
    pack = shared_folder / "gtzan" / "logmel_train_valid.npz"
    measured = script("evaluate.py", "--data", pack, "--split", "valid", "--json")
    assert json.loads(measured.stdout)["accuracy"] > 0.8
