"""Sound that still arrives: a line per hop, at once."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.files.classify import classify_file
from app.stream.models import torch_model
from model import Classifier
from tests.app.cli.shell import SECONDS, Shell
from tests.app.made_music import made_music


def test_a_raw_stream_is_answered_while_it_arrives_as_the_file_would_be(
    shell: Shell, classifier: Classifier, tmp_path: Path
) -> None:
    music = (made_music(4.5, 44_100) * 30_000).astype("<i2")
    path = tmp_path / "song.wav"
    soundfile.write(path, music, 44_100)
    run = shell.start("nystream classify - --raw s16le,44100,2 --format jsonl")
    assert run.stdin is not None
    assert run.stdout is not None
    stereo = np.repeat(music, 2).tobytes()
    late = 4 * round(2.5 * 44_100)
    run.stdin.write(stereo[:late])
    run.stdin.flush()
    lines = [json.loads(run.stdout.readline()) for _ in range(2)]  # the pipe is still open: nothing has ended
    assert [(line["start"], line["end"]) for line in lines] == [(0.0, 1.0), (1.0, 2.0)]
    rest, said = run.communicate(stereo[late:] + b"\1\2\3", timeout=SECONDS)
    lines += map(json.loads, rest.splitlines())
    assert run.returncode == 0
    assert said.decode().count("\n") == 1
    assert "3 bytes" in said.decode()

    expected = classify_file(torch_model(classifier), path)
    hops = list(expected.timeline.hops())
    assert len(lines) == len(hops) + 1
    for line, hop in zip(lines[:-1], hops, strict=True):
        assert (line["genre"], line["start"], line["end"]) == (hop.genre, hop.start, hop.end)
        np.testing.assert_allclose(list(line["probabilities"].values()), list(hop.probabilities.values()), atol=1e-5)
    assert lines[-1]["probability"] == pytest.approx(expected.probability, abs=1e-5)
    assert lines[-1]["duration"] == expected.duration


def test_an_encoded_stream_and_a_named_pipe_are_answered_like_the_file(shell: Shell, library: Path) -> None:
    done = shell.run(
        "cat music/rock/song.wav | nystream classify - <(cat music/rock/song.wav) music/rock/song.wav --format json"
    )
    assert done.returncode == 0, done.stderr
    streamed, piped, file = json.loads(done.stdout)["files"]
    assert streamed["path"] == "-"
    for other in (streamed, piped):
        assert other["probabilities"] == file["probabilities"]
        assert other["timeline"] == file["timeline"]


def test_a_reader_that_has_seen_enough_ends_the_run_quietly(shell: Shell, library: Path) -> None:
    done = shell.run("nystream classify music/*/*.wav music/*/*.wav | head -n 1; echo ${PIPESTATUS[0]}")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("music/jazz/song.wav: ")
    assert lines[-1] == "0"
    assert done.stderr == ""


def test_ctrl_c_leaves_json_that_can_be_read(shell: Shell, library: Path) -> None:
    os.mkfifo(shell.folder / "never.wav")
    run = shell.start("nystream classify music/rock/song.wav never.wav --format json -v -j 2")
    assert run.stderr is not None
    assert b"s heard" in run.stderr.readline()
    run.send_signal(signal.SIGINT)
    out, said = run.communicate(timeout=SECONDS)
    assert run.returncode == 130, said
    answer = json.loads(out)
    assert [file["path"] for file in answer["files"]] == ["music/rock/song.wav"]
    assert answer["errors"] == []
