"""Endless streams: what is counted, by hand; and the script on a pack made here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.stream.weights import default_weights
from audio import BANDS, FRAME_SECONDS
from model import ModelConfig, load_for_training
from scripts.dataset import read_pack
from scripts.streams import Streams, answer_streams, looking_back, smooth, steady_figures, stream_figures
from tests.scripts.gtzan import script, write_pack

MINUTE = round(60 / FRAME_SECONDS)


def made(shown: list[tuple[int, int]], labels: list[int], frames: int, alone: list[bool] | None = None) -> Streams:
    """One stream of clips; `shown` is, per clip, the genre at first and after how many frames the right one leads."""
    answers = np.array(
        [
            [first] * min(delay, frames) + [label] * max(0, frames - delay)
            for (first, delay), label in zip(shown, labels, strict=True)
        ]
    )
    return Streams(
        np.arange(len(labels))[None],
        np.array(labels)[None],
        np.eye(10, dtype=np.float32)[answers.reshape(1, -1)],
        answers[None],
        np.array(alone if alone is not None else [True] * len(labels))[None],
    )


def test_the_time_to_follow_is_counted_from_the_change_to_the_first_frame_that_leads() -> None:
    long = 11 * MINUTE // 4 + 1
    figures = stream_figures(made([(0, 0), (0, 40), (1, 60), (2, 20)], [0, 1, 2, 3], long))
    assert figures["changes"] == 3
    assert figures["follow_seconds"] == pytest.approx(41 * FRAME_SECONDS)
    assert figures["followed"] == 1.0


def test_a_genre_that_never_leads_counts_as_longer_than_any() -> None:
    long = 11 * MINUTE // 4 + 1
    figures = stream_figures(made([(0, 0), (0, 9999), (5, 9999), (5, 20)], [0, 1, 2, 3], long))
    assert figures["follow_seconds"] is None
    assert figures["followed"] == pytest.approx(1 / 3)


def test_changes_count_only_where_the_model_could_follow() -> None:
    """Not where the genre stays, not where it led before, not where the model is wrong of the clip alone."""
    long = 11 * MINUTE // 5 + 1
    alone = [True, True, True, False, True]
    streams = made([(0, 0), (0, 10), (0, 30), (0, 5), (3, 7)], [0, 0, 1, 2, 3], long, alone)
    streams.shown[0, 3, -1] = 3  # the last clip's genre is shown before it begins
    figures = stream_figures(streams)
    assert figures["changes"] == 1
    assert figures["follow_seconds"] == pytest.approx(31 * FRAME_SECONDS)
    assert figures["follow_seconds_any"] == pytest.approx((31 + 6) / 2 * FRAME_SECONDS)


def test_what_is_said_is_steadier_and_later_the_longer_another_answer_must_last() -> None:
    """Two clips; in the second, the old genre comes back for five frames: a short hold says it, a long one does not."""
    streams = made([(0, 0), (0, 20)], [0, 1], 11 * MINUTE)
    streams.tokens[0, 11 * MINUTE + 400 : 11 * MINUTE + 405] = np.eye(10)[0]
    config = ModelConfig()
    jumpy = steady_figures(streams, config, smoothing=FRAME_SECONDS, hold=0.0)
    steady = steady_figures(streams, config, smoothing=FRAME_SECONDS, hold=0.5)
    minutes = 2 * 11 * MINUTE * FRAME_SECONDS / 60
    # 'listening', the first genre, the second; and without a hold there and back, each at once.
    assert steady["changes_per_minute"] * minutes == pytest.approx(2)
    assert jumpy["changes_per_minute"] * minutes == pytest.approx(4)
    assert steady["needed"] * minutes == pytest.approx(1)
    assert steady["follow_seconds"] == pytest.approx((21 + 6) * FRAME_SECONDS)
    assert jumpy["follow_seconds"] == pytest.approx(21 * FRAME_SECONDS)
    assert steady["right"] + steady["wrong"] == jumpy["right"] + jumpy["wrong"]  # the same time without doubt


def test_accuracy_is_told_minute_by_minute() -> None:
    streams = made([(1, MINUTE)], [0], 10 * MINUTE + 2)  # wrong for the first minute
    by_minute = stream_figures(streams)["accuracy_by_minute"]
    assert len(by_minute) == 10
    assert by_minute[0] < 0.01
    assert by_minute[1:] == [1.0] * 9


def test_smoothing_is_the_mean_over_the_last_frames() -> None:
    tokens = torch.rand(2, 50, 3)
    smoothed = smooth(tokens, 7)
    for frame in (0, 3, 6, 7, 49):
        expected = tokens[:, max(0, frame - 6) : frame + 1].double().mean(dim=1)
        torch.testing.assert_close(smoothed[:, frame], expected)


def test_a_stream_is_not_reset_where_the_music_changes(tmp_path: Path) -> None:
    """What is shown of the second clip depends on the first, and of the first clip on nothing else."""
    dataset = read_pack(write_pack(tmp_path / "pack.npz")).part("train")
    dataset = replace(dataset, frames=np.tile(dataset.frames, (1, 2, 1)))  # 34 s
    random = np.random.default_rng(0)
    dataset = replace(dataset, frames=(dataset.frames + random.normal(0, 6, dataset.frames.shape)).astype(np.float32))
    classifier = looking_back(load_for_training(default_weights()), 387, 387)
    streams = answer_streams(classifier, dataset, orders=2, seed=3)
    assert streams.order.shape == (2, 18)
    assert len(set(streams.order[0].tolist())) == 18
    with torch.inference_mode():
        joined = torch.from_numpy(dataset.frames[streams.order[1]].reshape(1, -1, BANDS)[:, :880])
        expected = smooth(torch.softmax(classifier(joined), dim=-1)).argmax(dim=-1)
    assert np.array_equal(streams.shown[1].reshape(-1)[:880], expected[0].numpy())


def test_the_script_gives_a_table_and_json(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack.npz", split=np.array(["valid"] * 40))
    arguments = ("--data", pack, "--window-seconds", 5, "--level-seconds", 10, "--orders", 1)
    done = script("streams.py", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["streams"]
    assert row["window"] == 5.0
    assert row["level"] == 10.0
    assert len(row["accuracy_by_minute"]) == 10
    short = script("streams.py", "--data", write_pack(tmp_path / "short.npz"), "--window-seconds", 5)
    assert short.returncode == 1
    assert short.stderr.startswith("nystream: 20 clips are less than 10 minutes")
