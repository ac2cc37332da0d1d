"""The ring holds the last frames, oldest to newest, however they come."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from app.stream.frames import SILENCE_DB, FrameRing

COLUMNS, BANDS = 23, 5


def frames(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(3).uniform(-60, 17, (count, BANDS)).astype(np.float32)


@pytest.mark.parametrize("chunk", [1, 4, COLUMNS, 3 * COLUMNS + 1, 200])
def test_after_wrapping_around_the_ring_gives_the_last_frames_in_order(chunk: int) -> None:
    heard = frames(200)
    ring = FrameRing(COLUMNS, BANDS)
    for begin in range(0, len(heard), chunk):
        ring.push(heard[begin : begin + chunk])
    assert ring.end == 200
    np.testing.assert_array_equal(ring.until(200, COLUMNS), heard[-COLUMNS:])


def test_before_it_is_full_the_frames_stand_on_the_right() -> None:
    ring = FrameRing(COLUMNS, BANDS)
    ring.push(frames(7))
    shown = ring.until(7, COLUMNS)
    np.testing.assert_array_equal(shown[-7:], frames(7))
    assert (shown[:-7] == SILENCE_DB).all()


@pytest.mark.parametrize("end", [177, 180, 190, 200])
def test_what_is_asked_of_the_past_is_there_as_far_as_it_is_kept(end: int) -> None:
    heard = frames(200)
    ring = FrameRing(COLUMNS, BANDS)
    ring.push(heard)
    shown = ring.until(end, 10)
    kept = max(0, 10 - max(0, 200 - COLUMNS - (end - 10)))
    np.testing.assert_array_equal(shown[10 - kept :], heard[end - kept : end])
    assert (shown[: 10 - kept] == SILENCE_DB).all()


def test_pushing_writes_into_the_same_memory() -> None:
    ring = FrameRing(COLUMNS, BANDS)
    before = ring.until(0, COLUMNS)
    ring.push(frames(COLUMNS))
    assert np.shares_memory(before, ring.until(COLUMNS, COLUMNS))
