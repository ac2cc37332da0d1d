"""Laws of the cost meter: medians over the same rolling frames, and nothing that was not measured."""

from __future__ import annotations

import numpy as np
import pytest

from app.costs import ROLLING_FRAMES, CostMeter
from tests.app.scripted_session import ScriptedSession, snapshot


@pytest.fixture
def meter() -> CostMeter:
    return CostMeter(ScriptedSession.flops, ScriptedSession.frame_seconds)


def test_nothing_is_claimed_before_anything_was_measured(meter: CostMeter) -> None:
    report = meter.report()
    assert report.encoder.step is None
    assert report.encoder.time_ratio is None
    assert report.step_share is None
    assert report.largest_difference is None
    assert report.frames == 0


@pytest.mark.parametrize("count", [1, ROLLING_FRAMES - 1, ROLLING_FRAMES, ROLLING_FRAMES + 1, 785])
def test_percentiles_are_those_of_the_last_256_frames_only(meter: CostMeter, count: int) -> None:
    # Every frame is faster than the one before: one that stays too long, or leaves too early, shows.
    steps = 900_000 - 1000 * np.arange(count)
    meter.add([snapshot(index, step=int(step)) for index, step in enumerate(steps)])
    spread = meter.report().encoder.step
    assert spread is not None
    expected = np.percentile(steps[-ROLLING_FRAMES:], (50, 95, 99))
    assert (spread.p50, spread.p95, spread.p99) == pytest.approx(tuple(expected))


def test_ratios_are_of_medians_so_that_slow_frames_do_not_move_them(meter: CostMeter) -> None:
    meter.add([snapshot(index, step=100_000, twin=4_000_000) for index in range(60)])
    meter.add([snapshot(60 + index, step=90_000_000, twin=4_000_000) for index in range(20)])
    assert meter.report().encoder.time_ratio == pytest.approx(40.0)


def test_the_whole_frame_counts_log_mel_and_stem_for_both_models(meter: CostMeter) -> None:
    meter.add([snapshot(step=100_000, twin=4_000_000, shared=150_000)])
    report = meter.report()
    assert report.frame.step is not None
    assert report.frame.step.p50 == 250_000
    assert report.frame.time_ratio == pytest.approx(4_150_000 / 250_000)
    assert report.encoder.flops_ratio == pytest.approx(80_000_000 / 200_000)
    assert report.frame.flops_ratio == pytest.approx(82_000_000 / 2_200_000)


def test_shares_are_of_the_time_between_two_frames(meter: CostMeter) -> None:
    meter.add([snapshot(step=100_000, twin=4_000_000, shared=150_000)])
    report = meter.report()
    assert report.step_share == pytest.approx(250e-6 / ScriptedSession.frame_seconds)
    assert report.twin_share == pytest.approx(4150e-6 / ScriptedSession.frame_seconds)


def test_frames_without_the_twin_neither_count_for_it_nor_against_it(meter: CostMeter) -> None:
    meter.add([snapshot(index, twin=4_000_000 if index % 4 == 0 else None) for index in range(40)])
    report = meter.report()
    assert report.encoder.twin is not None
    assert report.encoder.twin.p50 == 4_000_000
    assert report.encoder.time_ratio == pytest.approx(40.0)


def test_a_twin_that_never_ran_has_no_ratio(meter: CostMeter) -> None:
    meter.add([snapshot(index, twin=None) for index in range(5)])
    report = meter.report()
    assert report.encoder.step is not None
    assert report.encoder.twin is None
    assert report.frame.time_ratio is None
    assert report.present_difference is None


def test_the_largest_difference_is_kept_and_the_present_one_moves_on(meter: CostMeter) -> None:
    meter.add([snapshot(0, difference=1e-7), snapshot(1, difference=-3e-6), snapshot(2, difference=2e-7)])
    report = meter.report()
    assert report.largest_difference == pytest.approx(3e-6, rel=1e-6)
    assert report.present_difference == pytest.approx(2e-7, rel=1e-6)


def test_frames_and_dropped_samples_are_counted_over_the_whole_run(meter: CostMeter) -> None:
    meter.add([snapshot(index) for index in range(ROLLING_FRAMES + 3)])
    meter.add([snapshot(ROLLING_FRAMES + 3, dropped=1024)])
    report = meter.report()
    assert report.frames == ROLLING_FRAMES + 4
    assert report.dropped == 1024
