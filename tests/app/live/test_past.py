"""The past holds every answer of a session, and of the last minutes all else, in memory that does not grow."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest

from app.live.past import Past
from app.live.verdict import Judge, Verdict
from app.stream.snapshot import ModelChoice, Snapshot
from app.window.history.pictures import stack
from tests.app.scripted_session import GENRES, MODEL, ScriptedSession, answer, snapshot

FRAME = ScriptedSession.frame_seconds


def frame(index: int) -> Snapshot:
    return snapshot(index, GENRES[index // 40 % 10], 0.5 + 0.4 * (index % 40) / 40, raw_favourite="rock")


class NumberedJudge:
    """Says something else of every frame."""

    def __init__(self) -> None:
        self._frames = 0

    def judge(self, *_frame: object) -> Verdict:
        self._frames += 1
        return Verdict("genre", (self._frames - 1) % 10)


@pytest.fixture(autouse=True)
def _small_and_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.live.past.Judge", NumberedJudge)
    monkeypatch.setattr("app.live.past.RING_FRAMES", 50)


def filled(frames: int) -> Past:
    past = Past(GENRES, MODEL)
    past.add([frame(index) for index in range(frames)])
    return past


def test_an_empty_one_knows_no_moment() -> None:
    past = Past(GENRES, MODEL)
    assert past.at(3.0) is None
    assert np.isnan(past.curve(0.0, 60.0, 20)).all()


@pytest.mark.parametrize("count", [1, 49, 50, 51, 333])
def test_every_recent_frame_is_found_by_its_time_as_it_was(count: int) -> None:
    past = filled(count)
    assert past.frames == count
    for index in range(max(0, count - 50), count):
        moment = past.at(index * FRAME + FRAME / 3)
        assert moment is not None
        assert moment.frame == index + 1
        assert moment.seconds == pytest.approx(index * FRAME)
        np.testing.assert_allclose(moment.smoothed, frame(index).smoothed, rtol=0, atol=1e-6)
        np.testing.assert_allclose(moment.raw, frame(index).probabilities, rtol=0, atol=1e-6)
        assert moment.verdict == Verdict("genre", index % 10)


def test_of_what_is_older_every_answer_is_known_still() -> None:
    past = filled(1000)
    for index in (0, 1, 500, 949):
        moment = past.at(index * FRAME + FRAME / 3)
        assert moment is not None
        assert (moment.frame, moment.twin, moment.verdict, moment.source) == (index + 1, None, None, "desk")
        np.testing.assert_allclose(moment.smoothed, frame(index).smoothed, rtol=0, atol=1e-6)
        np.testing.assert_allclose(moment.raw, frame(index).probabilities, rtol=0, atol=1e-6)


def test_memory_does_not_grow_but_for_the_log_and_its_times() -> None:
    def size(past: Past) -> int:
        return sum(sys.getsizeof(value) for name, value in vars(past).items() if name != "_times")

    past = filled(60)
    before = size(past)
    past.add([frame(index) for index in range(60, 3000)])
    assert size(past) == before
    assert sys.getsizeof(past._times) < 9 * 3000


@pytest.mark.parametrize("count", [30, 400])
def test_the_curve_is_what_each_moment_says_and_nothing_where_nothing_is(count: int) -> None:
    past = filled(count)
    end = count * FRAME
    curve = past.curve(-5.0, end + 5.0, 37)
    middles = -5.0 + (np.arange(37) + 0.5) * (end + 10.0) / 37
    for middle, column in zip(middles, curve, strict=True):
        moment = past.at(middle)
        assert moment is not None
        if 0 <= middle <= past.seconds:
            np.testing.assert_allclose(column, moment.smoothed, rtol=0, atol=1e-6)
        else:
            assert np.isnan(column).all()


def test_the_sound_of_a_part_of_time_is_the_mean_of_its_frames() -> None:
    past, heard = Past(GENRES, MODEL), np.random.default_rng(2).uniform(-60, 17, 45)
    past.add([snapshot(index, decibels=float(level)) for index, level in enumerate(heard)])
    three = past.sound(-FRAME / 2, 44.5 * FRAME, 15)  # three frames end in each part
    np.testing.assert_allclose(three[:, 7], heard.reshape(15, 3).mean(axis=1), rtol=1e-5)
    fine = past.sound(-0.01, 44 * FRAME - 0.01, 4 * 44)  # four parts in each frame
    np.testing.assert_allclose(fine[1:, 0], np.repeat(heard[1:], 4)[:-1], rtol=1e-5)
    assert np.isnan(past.sound(-5.0, -1.0, 10)).all()
    assert np.isnan(past.sound(60.0, 70.0, 10)).all()


def test_what_was_lost_is_heard_neither_as_sound_nor_as_an_answer() -> None:
    past = Past(GENRES, MODEL)
    late = [replace(frame(index), seconds=index * FRAME + 5.0) for index in range(20, 40)]
    past.add([*(frame(index) for index in range(20)), *late])
    begin, end = 19 * FRAME + 0.2, 20 * FRAME + 4.8
    assert np.isnan(past.curve(begin, end, 30)).all()
    assert np.isnan(past.sound(begin, end, 30)).all()
    assert not np.isnan(past.curve(end + 0.4, end + 1.0, 30)).any()
    assert not np.isnan(past.sound(end + 0.4, end + 1.0, 30)).any()


def test_another_run_goes_on_in_the_same_session_and_only_another_session_begins_anew() -> None:
    past = filled(60)
    before = past.seconds
    past.add([snapshot(index, run=2, source="song.wav", dropped=7) for index in range(1, 4)])
    assert past.frames == past.report().frames == len(past.log) == 63
    assert past.seconds == pytest.approx(before + 3 * FRAME)
    assert [(mark.seconds, mark.kind, mark.text) for mark in past.marks] == [
        (0.0, "source", "desk"),
        (before, "source", "song.wav"),
    ]
    first, last = past.at(before), past.at(past.seconds)
    assert first is not None
    assert last is not None
    assert (first.source, last.source, last.frame) == ("desk", "song.wav", 63)
    past.begin(MODEL)
    assert (past.frames, past.seconds, past.at(3.0), past.verdict.kind) == (0, 0.0, None, "listening")
    assert (len(past.log), list(past.marks), list(past.unheard)) == (0, [], [])


def test_losses_and_seeks_and_another_model_are_marked_and_every_moment_has_the_model_of_its_time() -> None:
    past = Past(GENRES, MODEL)
    other = replace(MODEL, choice=ModelChoice("soft", "Continual Transformer"), window_seconds=300.0)
    frames = [snapshot(index) for index in range(100)]
    frames[20:] = [replace(one, seconds=one.seconds + 0.5) for one in frames[20:]]
    frames[40:] = [replace(one, seconds=one.seconds + 3.0) for one in frames[40:]]
    frames[60:] = [replace(one, jumps=1) for one in frames[60:]]
    shorter = replace(other, window_seconds=119.98)
    frames[80:] = [replace(one, model=other if one.seconds < frames[90].seconds else shorter) for one in frames[80:]]
    past.add(frames)
    lost, gap = frames[19].seconds, frames[39].seconds
    assert [(mark.kind, mark.text) for mark in past.marks] == [
        ("source", "desk"),
        ("loss", "500 ms not heard"),
        ("gap", "3.0 s not heard"),
        ("seek", "another place in the file"),
        ("model", "Continual Transformer"),
        ("model", "remembers 2 min"),
    ]
    assert list(past.unheard) == [pytest.approx((lost, lost + 0.5)), pytest.approx((gap, gap + 3.0))]
    curve = past.curve(gap - 1.0, gap + 4.0, 5)  # middles half a second from each edge
    assert np.isnan(curve[:, 0]).tolist() == [False, True, True, True, False]
    for seconds, model in ((frames[79].seconds, MODEL), (frames[80].seconds, other)):
        moment = past.at(seconds)
        assert moment is not None
        assert moment.model is model


def test_zeros_were_not_heard_from_where_they_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.live.past.Judge", Judge)
    past = Past(GENRES, MODEL)
    past.add([snapshot(index, level_dbfs=-math.inf if 10 <= index < 30 else -18.0) for index in range(50)])
    ((begin, end),) = past.unheard
    assert begin == pytest.approx(9 * FRAME)
    assert end == pytest.approx(30 * FRAME, abs=1.1 * FRAME)  # two loud frames end a silence


def test_genres_are_stacked_in_their_order_as_high_as_they_are_probable() -> None:
    curve = np.stack([answer("blues", 0.55), answer("rock", 0.91), np.full(10, np.nan)]).astype(np.float32)
    stacked = stack(curve, 100)
    assert stacked.shape == (100, 3)
    assert (np.diff(stacked[:, :2].astype(int), axis=0) >= 0).all()
    assert np.bincount(stacked[:, 0], minlength=11).tolist() == [55, *[5] * 9, 0]
    assert np.bincount(stacked[:, 1], minlength=11)[9] == 91
    assert (stacked[:, 2] == 10).all()
