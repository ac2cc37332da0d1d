"""Every encoding that is promised, made here, through the real command; and any one channel of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scripts.encode import encode
from tests.app.cli.shell import Shell
from tests.app.made_music import made_music
from tests.audio.test_decode import make_tracks

RATE = 44_100
HISS = 0.01
BY_SOUNDFILE = {
    "wav": "PCM_16",
    "flac": "PCM_16",
    "ogg": "VORBIS",
    "opus": "OPUS",
    "mp3": None,
    "aiff": "PCM_16",
    "au": "PCM_16",
    "caf": "PCM_16",
    "w64": "PCM_16",
    "rf64": "PCM_16",
}
BY_FFMPEG = {"m4a": "aac", "aac": "aac", "mp4": "aac", "mkv": "aac", "webm": "libopus"}
LOSSLESS = ("wav", "flac", "aiff", "au", "caf", "w64", "rf64")


def make_in_every_encoding(folder: Path) -> list[str]:
    for suffix, subtype in BY_SOUNDFILE.items():
        kind, rate = ("OGG", 48_000) if suffix == "opus" else (suffix.upper(), RATE)
        sound = (30_000 * made_music(3.0, rate, HISS)).astype(np.int16)
        soundfile.write(folder / f"song.{suffix}", sound, rate, format=kind, subtype=subtype)
    for suffix, codec in BY_FFMPEG.items():
        rate = 48_000 if suffix == "webm" else RATE
        encode(folder / f"song.{suffix}", codec, made_music(3.0, rate, HISS)[:, None], rate)
    return [f"song.{suffix}" for suffix in (*BY_SOUNDFILE, *BY_FFMPEG)]


def test_every_encoding_is_answered_as_the_wav_is(shell: Shell) -> None:
    names = make_in_every_encoding(shell.folder)
    done, found = shell.call(f"nystream classify {' '.join(names)} --format json"), shell.call("nystream classify -r .")
    assert done.returncode == 0, done.stderr
    assert len(found.stdout.splitlines()) == len(names)
    files = {file["path"].removeprefix("song."): file for file in json.loads(done.stdout)["files"]}
    assert list(files) == [name.removeprefix("song.") for name in names]
    for suffix, file in files.items():
        assert file["duration"] == pytest.approx(files["wav"]["duration"], abs=0.16)
        close = 1e-5 if suffix in LOSSLESS else 0.15
        expected = list(files["wav"]["probabilities"].values())
        np.testing.assert_allclose(list(file["probabilities"].values()), expected, atol=close, err_msg=suffix)


def test_one_channel_can_be_chosen_wherever_sound_comes_from(shell: Shell) -> None:
    music = made_music(3.0, RATE)
    soundfile.write(shell.folder / "alone.wav", music, RATE, subtype="FLOAT")
    pair = np.stack([np.random.default_rng(0).normal(0, 0.1, len(music)), music], axis=1).astype("<f4")
    soundfile.write(shell.folder / "pair.wav", pair, RATE, subtype="FLOAT")
    (shell.folder / "pair.raw").write_bytes(pair.tobytes())
    documents = [shell.call("nystream classify alone.wav pair.wav --format json")]
    chosen = "nystream classify --channel 2 --format json"
    documents.append(shell.run(f"{chosen} pair.wav - <(cat pair.wav) < pair.wav"))
    documents.append(shell.run(f"{chosen} - --raw f32le,{RATE},2 < pair.raw"))
    described = [json.loads(done.stdout) for done in documents]
    channels = [document["parameters"]["channel"] for document in described]
    answers = [file["probabilities"] for document in described for file in document["files"]]
    alone, mean, *picked = answers
    assert channels == [None, 2, 2]
    assert picked == 4 * [alone]
    assert mean != alone


def test_a_channel_that_is_not_there_is_named(shell: Shell) -> None:
    soundfile.write(shell.folder / "alone.wav", made_music(1.0), 22_050)
    missing = shell.call("nystream classify alone.wav --channel 2")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == "nystream: alone.wav: there is no channel 2 in this file: it has only one\n"


def test_a_file_that_ends_early_and_a_track_of_several_are_said(shell: Shell) -> None:
    music = made_music(3.0, 22_050)
    soundfile.write(shell.folder / "whole.flac", music, 22_050)
    content = (shell.folder / "whole.flac").read_bytes()
    (shell.folder / "cut.flac").write_bytes(content[: len(content) * 2 // 3])
    make_tracks(shell.folder / "tracks.mkv", flagged=1)
    names = "whole.flac cut.flac tracks.mkv"
    done = shell.call(f"nystream classify -v {names} --format json")
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "ends early" in line]
    assert len(said) == 1
    assert said[0].startswith("nystream: cut.flac: ")
    assert "tracks.mkv: 0.2 s heard, track 2 of 3\n" in done.stderr
    files = json.loads(done.stdout)["files"]
    described = [(file["path"], file["complete"], file["track"], file["tracks"]) for file in files]
    assert described == [("whole.flac", True, 1, 1), ("cut.flac", False, 1, 1), ("tracks.mkv", True, 2, 3)]
    rows = list(csv.DictReader(shell.call(f"nystream classify -q {names} --format csv").stdout.splitlines()))
    assert [row["complete"] for row in rows] == ["1", "0", "1"]
    other = shell.run(
        "nystream classify --track 3 tracks.mkv - < tracks.mkv --format jsonl; nystream classify --track 0 -"
    )
    assert [json.loads(line)["track"] for line in other.stdout.splitlines() if '"track"' in line] == [3, 3]
    assert other.returncode == 2
    assert other.stderr == "nystream: there is no track '0': give a number from 1 on\n"
