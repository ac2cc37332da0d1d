"""From answers per frame to answers per hop, whatever the chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.files.answer import Timeline, TimelineBuilder
from app.files.parameters import Parameters, parse_seconds
from model import ModelConfig

GENRES = ("blues", "jazz", "rock")
CONFIG = ModelConfig(genres=GENRES, unsure_probability=0.5, unsure_margin=0.1)
FRAME = 1708 / 22_050


def frames(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """When they end, what they are, and how loud: silent for a while and a while not."""
    ends = 2048 / 22_050 + FRAME * np.arange(count, dtype=np.float64)
    random = np.random.default_rng(0)
    levels = np.repeat(random.choice([-100.0, -20.0], count), random.integers(1, 30, count))[:count]
    return ends, random.dirichlet(np.ones(3), count), levels


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=12),
    st.sampled_from([0.1, 0.5, 1.0, 7.3]),
    st.sampled_from([0.0, 3.0]),
)
def test_every_chunking_gives_the_same_timeline(chunks: list[int], hop: float, smoothing: float) -> None:
    ends, answers, levels = frames(sum(chunks))
    parameters = Parameters(hop, smoothing)
    whole, cut = TimelineBuilder(CONFIG, parameters), TimelineBuilder(CONFIG, parameters)
    expected = [*whole.push(ends, answers, levels), *whole.finish()]
    heard, given_out = 0, []
    for length in chunks:
        part = slice(heard, heard + length)
        given_out += cut.push(ends[part], answers[part], levels[part])
        heard += length
    given_out += cut.finish()
    assert given_out == expected
    assert list(cut.timeline().hops()) == expected
    assert cut.is_silence == whole.is_silence


def test_a_hop_is_the_mean_of_the_last_tokens_up_to_its_last_frame() -> None:
    ends, answers, levels = frames(100)
    builder = TimelineBuilder(CONFIG, Parameters(hop=1.0, smoothing=3.0))
    builder.push(ends, answers, levels)
    hops = [*builder.finish()] and list(builder.timeline().hops())
    assert [hop.start for hop in hops] == list(range(8))
    assert [hop.end for hop in hops[:-1]] == [1, 2, 3, 4, 5, 6, 7]
    assert hops[-1].end == pytest.approx(ends[-1], abs=1e-6)
    for hop in hops:
        last = int(np.flatnonzero(ends <= hop.end + 1e-6)[-1])
        mean = answers[max(0, last - 38) : last + 1].mean(axis=0)
        np.testing.assert_allclose(list(hop.probabilities.values()), mean, atol=1e-6)
        assert hop.genre == GENRES[int(mean.argmax())]
        assert (hop.verdict == "silence") == (levels[(ends > hop.start) & (ends <= hop.end + 1e-6)] < -90).all()
    assert {hop.verdict == "silence" for hop in hops} == {True, False}


def test_lost_sound_leaves_a_gap_not_an_answer() -> None:
    ends, answers, levels = frames(60)
    late = ends + np.where(np.arange(60) >= 30, 5.0, 0.0)
    builder = TimelineBuilder(CONFIG, Parameters())
    builder.push(late, answers, levels)
    builder.finish()
    starts = [hop.start for hop in builder.timeline().hops()]
    assert starts == [0, 1, 2, 7, 8, 9]
    assert [segment.start for segment in builder.timeline().segments()].count(7.0) == 1


def test_segments_are_runs_of_one_genre() -> None:
    answers = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.7, 0.2]])
    assert segments(answers) == [(0.0, 2.0, "blues", 0.7, "genre"), (2.0, 2.5, "jazz", 0.7, "genre")]
    assert segments(answers, unsure=(0, 1, 1)) == [(0.0, 2.0, "blues", 0.7, "genre"), (2.0, 2.5, "jazz", 0.7, "unsure")]
    assert [one[4] for one in segments(answers[[0, 1, 1]], unsure=(1, 1, 0))] == ["unsure"]
    assert segments(answers, silent=(0, 1, 1)) == [
        (0.0, 1.0, "blues", 0.8, "genre"),
        (1.0, 2.5, "jazz", 0.5, "silence"),
    ]


def segments(answers: NDArray[np.float64], **flags: Sequence[int]) -> list[tuple[object, ...]]:
    """Of hops of a second, the last of half a one."""
    unsure, silent = (np.array(flags.get(name, (0, 0, 0)), np.bool_) for name in ("unsure", "silent"))
    timeline = Timeline(GENRES, np.array([0.0, 1, 2]), np.array([1.0, 2, 2.5]), answers, unsure, silent)
    return [astuple(segment) for segment in timeline.segments()]


@pytest.mark.parametrize(
    ("sounding", "silent", "is_silence"),
    [(0, 1, True), (2, 200, True), (25, 200, True), (26, 20_000, False), (5, 5, False), (5, 0, False), (4, 5, True)],
)
def test_a_file_is_silence_when_most_of_it_is_and_the_rest_too_little(
    sounding: int, silent: int, is_silence: bool
) -> None:
    ends, answers, _ = frames(sounding + silent)
    builder = TimelineBuilder(CONFIG, Parameters())
    builder.push(ends, answers, np.repeat([-20.0, -91.0], [sounding, silent]))
    assert builder.is_silence == is_silence


def test_neighbouring_hops_touch_at_odd_lengths_too() -> None:
    ends, answers, levels = frames(400)
    for hop in (0.1015625, 1 / 3, 0.7):
        builder = TimelineBuilder(CONFIG, Parameters(hop))
        builder.push(ends, answers, levels)
        timeline = (builder.finish(), builder.timeline())[1]
        np.testing.assert_array_equal(timeline.ends[:-1], timeline.starts[1:])


def test_times_are_read_with_their_units() -> None:
    assert [parse_seconds(text) for text in ("1", "1s", "0.5s", "500ms", ".25")] == [1, 1, 0.5, 0.5, 0.25]
    for text in ("", "s", "-1s", "1m", "nan", "1e3", "1 s 2"):
        with pytest.raises(ValueError, match="is not a time"):
            parse_seconds(text)
