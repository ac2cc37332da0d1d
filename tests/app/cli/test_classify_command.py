"""The command on real encoded files that are made here."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model import GTZAN_GENRES
from tests.app.cli.shell import Shell
from tests.app.made_music import made_music


def nystream(*arguments: object) -> subprocess.CompletedProcess[str]:
    return Shell(Path.cwd(), Path.cwd()).call(shlex.join(["nystream", *map(str, arguments)]))


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same music in four encodings and rates, and one with faulty samples."""
    import av

    folder = tmp_path_factory.mktemp("songs")
    music = made_music(4.0, 44_100, hiss=0.01)
    made = {suffix: folder / f"song.{suffix}" for suffix in ("wav", "flac", "mp3", "ogg")}
    for path in made.values():
        soundfile.write(path, music, 44_100)
    made["m4a"] = folder / "song.m4a"
    with av.open(str(made["m4a"]), "w") as container:
        stream = container.add_stream("aac", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(music.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    music[1000:1100] = np.nan
    made["nan"] = folder / "nan.wav"
    soundfile.write(made["nan"], music, 44_100, subtype="FLOAT")
    return made


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Everything that is no sound file."""
    folder = tmp_path_factory.mktemp("bad")
    made = {name: folder / f"{name}.wav" for name in ("text", "empty", "no samples", "too short", "all invalid")}
    made["text"].write_text("this is a text, not a sound\n" * 50)
    made["empty"].touch()
    soundfile.write(made["no samples"], np.zeros(0, np.float32), 22_050)
    soundfile.write(made["too short"], np.ones(220, np.float32) / 2, 22_050)
    soundfile.write(made["all invalid"], np.full(22_050, np.nan, np.float32), 22_050, subtype="FLOAT")
    made["folder"] = folder / "folder"
    made["folder"].mkdir()
    made["missing"] = folder / "missing.wav"
    return made


def test_every_encoding_gets_one_line(songs: dict[str, Path]) -> None:
    paths = [songs[suffix] for suffix in ("wav", "flac", "mp3", "ogg", "m4a")]
    done = nystream("classify", *paths)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.rpartition(": ")[0] for line in lines] == [str(path) for path in paths]
    assert {line.rpartition(": ")[2].split()[0] for line in lines} <= set(GTZAN_GENRES)
    assert all(0.0 < float(line.removesuffix(" (unsure)").rpartition(" ")[2]) <= 1.0 for line in lines)


def test_every_encoding_gets_nearly_the_same_answer(songs: dict[str, Path]) -> None:
    done = nystream("classify", "--format", "json", *(songs[suffix] for suffix in ("wav", "flac", "mp3", "ogg", "m4a")))
    wav, flac, *lossy = (list(file["probabilities"].values()) for file in json.loads(done.stdout)["files"])
    assert flac == pytest.approx(wav, abs=1e-3)  # both are 16 bit, rounded differently
    for answer in lossy:
        assert answer == pytest.approx(wav, abs=0.15)


def test_json_is_one_object_with_every_file(songs: dict[str, Path]) -> None:
    done = nystream("classify", "--format", "json", songs["flac"], songs["m4a"])
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [file["path"] for file in answer["files"]] == [str(songs["flac"]), str(songs["m4a"])]
    for file in answer["files"]:
        assert set(file["probabilities"]) == set(GTZAN_GENRES)
        assert sum(file["probabilities"].values()) == pytest.approx(1.0, abs=1e-6)
        assert file["probability"] == max(file["probabilities"].values()) == file["probabilities"][file["genre"]]
        assert file["duration"] == pytest.approx(4.0, abs=0.15)
    assert answer["errors"] == []


def test_bad_files_get_one_line_each_and_the_others_are_still_done(
    songs: dict[str, Path], bad: dict[str, Path]
) -> None:
    done = nystream("classify", songs["wav"], *bad.values(), songs["ogg"])
    assert done.returncode == 1
    assert [line.rpartition(": ")[0] for line in done.stdout.splitlines()] == [
        str(songs["wav"]),
        str(songs["ogg"]),
    ]
    said = done.stderr.splitlines()
    assert len(said) == len(bad)
    for line, path in zip(said, bad.values(), strict=True):
        assert line.startswith(f"nystream: {path}: ")
    assert "Traceback" not in done.stderr


def test_faulty_samples_are_said_and_heard_as_silence(songs: dict[str, Path]) -> None:
    done = nystream("classify", songs["nan"])
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.splitlines() == [
        f"nystream: {songs['nan']}: heard as silence, samples that are NaN, infinite or absurdly large: 100"
    ]


def test_a_broken_checkpoint_is_one_line_and_exit_code_3(songs: dict[str, Path], bad: dict[str, Path]) -> None:
    for weights in (bad["text"], bad["missing"], bad["folder"]):
        done = nystream("classify", "--weights", weights, songs["wav"])
        assert done.returncode == 3
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert str(weights) in done.stderr


def test_a_wrong_usage_is_exit_code_2_and_the_version_is_told() -> None:
    assert nystream("classify").returncode == 2
    assert nystream("--version").stdout.startswith("nystream ")
