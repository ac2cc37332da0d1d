"""Laws of the costs: medians over the same rolling frames, and nothing that was not measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.live.costs import ROLLING_FRAMES
from app.live.past import Past
from app.stream.frames import RING_FRAMES
from tests.app.scripted_session import GENRES, MODEL, ScriptedSession, answer, snapshot


@pytest.fixture
def past() -> Past:
    return Past(GENRES, MODEL)


def test_nothing_is_claimed_before_anything_was_measured(past: Past) -> None:
    report = past.report()
    assert report.encoder.step is None
    assert report.encoder.time_ratio is None
    assert report.step_share is None
    assert report.largest_difference is None
    assert report.frames == 0


@pytest.mark.parametrize("count", [1, ROLLING_FRAMES - 1, ROLLING_FRAMES, ROLLING_FRAMES + 1, 785])
def test_percentiles_are_those_of_the_last_256_frames_only(past: Past, count: int) -> None:
    # Every frame is faster than the one before: one that stays too long, or leaves too early, shows.
    steps = 900_000 - 1000 * np.arange(count)
    past.add([snapshot(index, step=int(step)) for index, step in enumerate(steps)])
    spread = past.report().encoder.step
    assert spread is not None
    expected = np.percentile(steps[-ROLLING_FRAMES:], (50, 95, 99))
    assert (spread.p50, spread.p95, spread.p99) == pytest.approx(tuple(expected))


def test_ratios_are_of_medians_so_that_slow_frames_do_not_move_them(past: Past) -> None:
    past.add([snapshot(index, step=100_000, twin=4_000_000) for index in range(60)])
    past.add([snapshot(60 + index, step=90_000_000, twin=4_000_000) for index in range(20)])
    assert past.report().encoder.time_ratio == pytest.approx(40.0)


def test_the_whole_frame_counts_log_mel_and_stem_for_both_models(past: Past) -> None:
    past.add([snapshot(step=100_000, twin=4_000_000, shared=150_000)])
    report = past.report()
    assert report.frame.step is not None
    assert report.frame.step.p50 == 250_000
    assert report.frame.time_ratio == pytest.approx(4_150_000 / 250_000)
    assert report.encoder.flops_ratio == pytest.approx(80_000_000 / 200_000)
    assert report.frame.flops_ratio == pytest.approx(82_000_000 / 2_200_000)


def test_arithmetic_is_counted_for_what_was_heard_and_for_a_full_window(past: Past) -> None:
    assert past.report().frame.twin_flops == past.report().frame.full_twin_flops == 82_000_000
    past.add([snapshot(0, saved_flops=1_000_000, filled=0.1), snapshot(1, saved_flops=2_200_000, filled=0.2)])
    report = past.report()
    assert report.filled == pytest.approx(0.2)
    assert report.encoder.twin_flops == 2_400_000
    assert report.encoder.flops_ratio == pytest.approx(12.0)
    assert report.encoder.full_flops_ratio == pytest.approx(400.0)


def test_shares_are_of_the_time_between_two_frames(past: Past) -> None:
    past.add([snapshot(step=100_000, twin=4_000_000, shared=150_000)])
    report = past.report()
    assert report.step_share == pytest.approx(250e-6 / ScriptedSession.frame_seconds)
    assert report.twin_share == pytest.approx(4150e-6 / ScriptedSession.frame_seconds)


def test_frames_without_the_twin_neither_count_for_it_nor_against_it(past: Past) -> None:
    past.add([snapshot(index, twin=4_000_000 if index % 4 == 0 else None) for index in range(40)])
    report = past.report()
    assert report.encoder.twin is not None
    assert report.encoder.twin.p50 == 4_000_000
    assert report.encoder.time_ratio == pytest.approx(40.0)


def test_a_twin_that_never_ran_has_no_ratio(past: Past) -> None:
    past.add([snapshot(index, twin=None) for index in range(5)])
    report = past.report()
    assert report.encoder.step is not None
    assert report.encoder.twin is None
    assert report.frame.time_ratio is None
    assert report.present_difference is None


def test_the_largest_difference_is_kept_and_the_present_one_moves_on(past: Past) -> None:
    past.add([snapshot(0, difference=1e-7), snapshot(1, difference=-3e-6), snapshot(2, difference=2e-7)])
    report = past.report()
    assert report.largest_difference == pytest.approx(3e-6, rel=1e-6)
    assert report.present_difference == pytest.approx(2e-7, rel=1e-6)


def test_frames_and_lost_sound_are_counted_over_the_whole_run(past: Past) -> None:
    past.add([snapshot(index) for index in range(ROLLING_FRAMES + 3)])
    past.add([snapshot(ROLLING_FRAMES + 3, lost_seconds=0.05)])
    report = past.report()
    assert report.frames == ROLLING_FRAMES + 4
    assert report.lost_seconds == 0.05


def test_what_is_said_instead_is_counted_and_what_is_said_first_is_not(past: Past) -> None:
    past.add([snapshot(index, "jazz") for index in range(40)])
    assert past.report().changes == 0
    past.add([snapshot(40 + index, "rock") for index in range(20)])
    assert past.report().changes == 1
    past.add([snapshot(60 + index, "rock", unsure=True) for index in range(20)])
    assert past.report().changes == 2
    past.add([snapshot(index, "blues", run=2) for index in range(40)])
    assert past.report().changes == 2, "another source is not another answer"


def test_percentiles_never_mix_two_models_or_two_backends_but_the_curve_goes_on(past: Past) -> None:
    other = replace(MODEL, window=65)
    past.add([snapshot(index, step=100_000, twin=4_000_000, model=MODEL) for index in range(50)])
    past.add([snapshot(50 + index, step=100_000, twin=800_000, model=other) for index in range(7)])
    report = past.report()
    assert report.model is other
    assert report.encoder.time_ratio == pytest.approx(8.0)
    assert report.series[:, 1].tolist() == [4_000_000] * 50 + [800_000] * 7
    past.add([snapshot(57, step=10_000, twin=800_000, model=other, backend="compiled")])
    assert past.report().backend == "compiled"
    assert past.report().encoder.time_ratio == pytest.approx(80.0)


def test_saved_arithmetic_is_summed_over_the_session_and_over_models(past: Past) -> None:
    past.add([snapshot(index, saved_flops=1000 + index, model=MODEL) for index in range(10)])
    past.add([snapshot(10, saved_flops=5, model=replace(MODEL, window=65))])
    assert past.report().saved_flops == sum(range(1000, 1010)) + 5


def test_a_late_answer_of_the_twin_is_compared_to_the_answer_for_its_own_frame(past: Past) -> None:
    late = replace(snapshot(8, "jazz"), compared=answer("rock", 0.9), twin_probabilities=answer("rock", 0.9 + 1e-6))
    past.add([snapshot(7, twin=None), late])
    assert past.report().largest_difference == pytest.approx(1e-6, rel=1e-6)


def test_any_moment_of_the_last_five_minutes_can_be_asked_for_again(past: Past) -> None:
    frames = [
        snapshot(index, step=100_000 + index, saved_flops=3, difference=1e-9 * (index % 50), lost_seconds=index / 1000)
        for index in range(RING_FRAMES + 300)
    ]
    as_it_was = {}
    for index, frame in enumerate(frames):
        past.add([frame])
        if index + 1 in (700, 3000, 4400):
            as_it_was[index + 1] = past.report()
    for after, expected in as_it_was.items():
        found = past.report(after)
        assert (found.encoder, found.frames, found.saved_flops) == (
            expected.encoder,
            expected.frames,
            expected.saved_flops,
        )
        assert (found.largest_difference, found.present_difference, found.lost_seconds) == (
            expected.largest_difference,
            expected.present_difference,
            expected.lost_seconds,
        )
