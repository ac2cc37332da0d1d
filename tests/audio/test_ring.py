"""The ring law: what was captured was read, was counted as dropped, or is still there."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.ring import SampleRing


def numbered(start: int, count: int, channels: int) -> NDArray[np.float32]:
    """Every sample frame holds its own index, every channel an offset of its own."""
    return (np.arange(start, start + count)[:, None] + 0.25 * np.arange(channels)).astype(np.float32)


@given(
    capacity=st.integers(1, 50),
    channels=st.integers(1, 3),
    steps=st.lists(st.one_of(st.none(), st.integers(0, 120)), max_size=40),
)
def test_captured_is_read_or_dropped_or_waiting(capacity: int, channels: int, steps: list[int | None]) -> None:
    """A step is a write of so many frames, or None: a read."""
    ring = SampleRing(capacity, channels)
    captured = read = dropped = position = 0
    for step in steps:
        if step is None:
            waiting = min(ring.waiting, capacity)
            samples, start, lost = ring.read()
            assert start == position + lost
            assert len(samples) == waiting
            np.testing.assert_array_equal(samples, numbered(start, len(samples), channels))
            position = start + len(samples)
            read += len(samples)
            dropped += lost
        else:
            ring.write(numbered(captured, step, channels))
            captured += step
        assert captured == read + dropped + ring.waiting  # a read gives the latest of these, and drops the rest


def test_the_reader_gets_a_copy_of_its_own() -> None:
    ring = SampleRing(8, 1)
    ring.write(numbered(0, 4, 1))
    samples, _, _ = ring.read()
    ring.write(numbered(4, 8, 1))
    np.testing.assert_array_equal(samples, numbered(0, 4, 1))


class InterruptedMemory:
    """A ring's memory into which a writer comes just before the reader takes something out."""

    def __init__(self, memory: NDArray[np.float32], interrupt: Callable[[], None]) -> None:
        self._memory = memory
        self._interrupts = [interrupt]

    def __getitem__(self, part: slice) -> NDArray[np.float32]:
        if self._interrupts:
            self._interrupts.pop()()
        return self._memory[part]

    def __setitem__(self, part: slice, samples: NDArray[np.float32]) -> None:
        self._memory[part] = samples


def test_what_is_overwritten_while_it_is_copied_is_dropped() -> None:
    ring = SampleRing(10, 1)
    ring.write(numbered(0, 10, 1))
    interrupted: Any = InterruptedMemory(ring._samples, lambda: ring.write(numbered(10, 4, 1)))
    ring._samples = interrupted
    samples, start, dropped = ring.read()
    np.testing.assert_array_equal(samples, numbered(4, 6, 1))
    assert (start, dropped) == (4, 4)
    samples, start, dropped = ring.read()
    np.testing.assert_array_equal(samples, numbered(10, 4, 1))
    assert (start, dropped) == (10, 0)


def test_a_real_writer_thread_never_gives_a_torn_sample() -> None:
    """A small ring and two threads that switch as often as they can: overruns in every phase of a read."""
    blocks, size, channels = 4000, 700, 2
    ring = SampleRing(1500, channels)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def write_all() -> None:
        for block in range(blocks):
            ring.write(numbered(block * size, size, channels))

    writer = threading.Thread(target=write_all)
    writer.start()
    position = read = dropped = 0
    try:
        running = True
        while running:
            running = writer.is_alive()  # asked before the read, so that the last one sees everything
            samples, start, lost = ring.read()
            assert start == position + lost
            np.testing.assert_array_equal(samples, numbered(start, len(samples), channels))
            position = start + len(samples)
            read += len(samples)
            dropped += lost
    finally:
        writer.join()
        sys.setswitchinterval(interval)
    assert ring.waiting == 0
    assert read + dropped == blocks * size
    assert dropped > 0
