"""From answers per frame to answers per hop, whatever the chunks."""

from __future__ import annotations

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


def frames(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ends = 2048 / 22_050 + FRAME * np.arange(count, dtype=np.float64)
    return ends, np.random.default_rng(0).dirichlet(np.ones(3), count)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=12),
    st.sampled_from([0.1, 0.5, 1.0, 7.3]),
    st.sampled_from([0.0, 3.0]),
)
def test_every_chunking_gives_the_same_timeline(chunks: list[int], hop: float, smoothing: float) -> None:
    ends, answers = frames(sum(chunks))
    parameters = Parameters(hop, smoothing)
    whole, cut = TimelineBuilder(CONFIG, parameters), TimelineBuilder(CONFIG, parameters)
    expected = [*whole.push(ends, answers), *whole.finish()]
    heard, given_out = 0, []
    for length in chunks:
        given_out += cut.push(ends[heard : heard + length], answers[heard : heard + length])
        heard += length
    given_out += cut.finish()
    assert given_out == expected
    assert list(cut.timeline().hops()) == expected


def test_a_hop_is_the_mean_of_the_last_tokens_up_to_its_last_frame() -> None:
    ends, answers = frames(100)
    builder = TimelineBuilder(CONFIG, Parameters(hop=1.0, smoothing=3.0))
    builder.push(ends, answers)
    hops = [*builder.finish()] and list(builder.timeline().hops())
    assert [hop.start for hop in hops] == list(range(8))
    assert [hop.end for hop in hops[:-1]] == [1, 2, 3, 4, 5, 6, 7]
    assert hops[-1].end == pytest.approx(ends[-1], abs=1e-6)
    for hop in hops:
        last = int(np.flatnonzero(ends <= hop.end + 1e-6)[-1])
        mean = answers[max(0, last - 38) : last + 1].mean(axis=0)
        np.testing.assert_allclose(list(hop.probabilities.values()), mean, atol=1e-6)
        assert hop.genre == GENRES[int(mean.argmax())]


def test_lost_sound_leaves_a_gap_not_an_answer() -> None:
    ends, answers = frames(60)
    late = ends + np.where(np.arange(60) >= 30, 5.0, 0.0)
    builder = TimelineBuilder(CONFIG, Parameters())
    builder.push(late, answers)
    builder.finish()
    starts = [hop.start for hop in builder.timeline().hops()]
    assert starts == [0, 1, 2, 7, 8, 9]
    assert [segment.start for segment in builder.timeline().segments()].count(7.0) == 1


def test_segments_are_runs_of_one_genre() -> None:
    answers = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.7, 0.2]])
    timeline = Timeline(GENRES, np.array([0.0, 1, 2]), np.array([1.0, 2, 2.5]), answers, np.zeros(3, np.bool_))
    described = [(one.start, one.end, one.genre, one.probability) for one in timeline.segments()]
    assert described == [(0.0, 2.0, "blues", 0.7), (2.0, 2.5, "jazz", 0.7)]


def test_times_are_read_with_their_units() -> None:
    assert [parse_seconds(text) for text in ("1", "1s", "0.5s", "500ms", ".25")] == [1, 1, 0.5, 0.5, 0.25]
    for text in ("", "s", "-1s", "1m", "nan", "1e3", "1 s 2"):
        with pytest.raises(ValueError, match="is not a time"):
            parse_seconds(text)
