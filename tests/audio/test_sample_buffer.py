"""Samples come out of the buffer as they went in, whoever copies them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from audio import FrontEnd
from audio.front_end import Loops
from audio.sample_buffer import SampleBuffer

Samples = NDArray[np.float32]


@pytest.fixture(params=["numpy", "compiled"])
def front_end(request: pytest.FixtureRequest, compiled: FrontEnd) -> FrontEnd:
    return compiled if request.param == "compiled" else FrontEnd()


def noise(count: int) -> Samples:
    return np.random.default_rng(count).normal(size=count).astype(np.float32)


@pytest.mark.parametrize("capacity", [1, 100, 2000])
def test_what_waits_is_what_came_and_did_not_leave(front_end: FrontEnd, capacity: int) -> None:
    buffer, waiting, random = SampleBuffer(capacity, front_end), np.zeros(0, np.float32), np.random.default_rng(0)
    for count in random.integers(0, 900, size=200):
        came = noise(int(count))
        buffer.append(came)
        waiting = np.concatenate([waiting, came])
        came[:] = 7.0  # it is a copy that waits
        np.testing.assert_array_equal(buffer.samples, waiting)
        leaves = int(random.integers(0, len(waiting) + 1))
        buffer.drop(leaves)
        waiting = waiting[leaves:]
        assert len(buffer) == len(waiting)
        np.testing.assert_array_equal(buffer.samples, waiting)


def test_its_memory_is_taken_once(front_end: FrontEnd) -> None:
    buffer = SampleBuffer(3000, front_end)
    memory = buffer.samples.base
    for came, left in [(1700, 1650), (1700, 1700), (1, 1), (2500, 2400), (2400, 2600)] * 20:
        buffer.append(noise(came))
        assert buffer.samples.base is memory
        buffer.drop(min(left, len(buffer)))
    buffer.append(noise(3001))
    assert buffer.samples.base is not memory


@pytest.mark.parametrize("count", [1, 7, 64, 1001])
def test_samples_that_are_no_numbers_are_counted(front_end: FrontEnd, count: int) -> None:
    samples = noise(count)
    samples[0] = 3.4e38
    assert front_end.count_invalid(samples) == 0
    broken = [np.nan, -np.nan, np.inf, -np.inf][: max(1, count // 3)]
    samples[-len(broken) :] = broken
    assert front_end.count_invalid(samples) == len(broken)


@pytest.mark.parametrize("kind", ["every second", "read only", "backwards"])
def test_nothing_is_compiled_anew_for_arrays_of_another_kind(loops: Loops, compiled: FrontEnd, kind: str) -> None:
    """That would take seconds, in the middle of the sound."""
    samples = noise(600)
    if kind == "read only":
        samples.flags.writeable = False
    else:
        samples = samples[::2] if kind == "every second" else samples[::-1]
    buffer = SampleBuffer(1000, compiled)
    buffer.append(noise(10))
    before = [len(loop.signatures) for loop in (loops.copy, loops.count_invalid)]  # type: ignore[union-attr]
    buffer.append(samples)
    assert compiled.count_invalid(samples) == 0
    assert [len(loop.signatures) for loop in (loops.copy, loops.count_invalid)] == before  # type: ignore[union-attr]
    np.testing.assert_array_equal(buffer.samples[10:], samples)
