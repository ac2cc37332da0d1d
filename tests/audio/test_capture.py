"""The whole capture on a virtual clock: every event at its exact moment, hours of sound in a moment."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from audio import SAMPLE_RATE, Block, Capture
from audio.capture import LOSSES_KEPT
from audio.ring import SampleRing
from audio.source import NoMicrophone, SourceState
from audio.watchdog import Condition
from tests.audio.signals import at_rate, frames_of, music
from tests.audio.virtual import VirtualClock, VirtualDevice, tone

RATE = 48_000


class Listener:
    """Reads a capture and keeps what came, and every change of its state with the moment."""

    def __init__(self, clock: VirtualClock, capture: Capture) -> None:
        self.clock, self.capture = clock, capture
        self.blocks: list[Block] = []
        self.states: list[tuple[SourceState, float]] = []

    def listen(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        end = self.clock.now() + seconds
        while self.clock.now() < end and not until():
            block = self.capture.read(0.02)
            assert block is not None
            if len(block.samples):
                self.blocks.append(block)
            state = self.capture.state
            if not self.states or self.states[-1][0] != state:
                self.states.append((state, self.clock.now()))

    @property
    def names(self) -> list[SourceState]:
        return [state for state, _ in self.states]

    def when(self, state: SourceState) -> float:
        """The last moment at which it began."""
        return max(moment for name, moment in self.states if name == state)

    def assert_nothing_is_unaccounted(self) -> None:
        """Blocks join, losses are said, and the last sample's index is the time since the start."""
        position = 0
        for block in self.blocks:
            assert block.start == position + block.dropped
            position = block.start + len(block.samples)
        assert position == pytest.approx(self.clock.now() * RATE, abs=2 * 1024)
        lost = sum(loss.length for loss in self.capture.losses)
        assert sum(block.dropped for block in self.blocks) == pytest.approx(lost * RATE)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def device(clock: VirtualClock) -> VirtualDevice:
    return VirtualDevice(clock, tone(RATE))


@pytest.fixture
def listener(clock: VirtualClock, device: VirtualDevice) -> Listener:
    started = Listener(clock, Capture(device, clock=clock))
    started.listen(2.0)
    assert started.names == ["listening"]
    return started


def test_a_healthy_hour_is_heard_without_a_gap_and_without_a_word(listener: Listener) -> None:
    listener.listen(600.0)
    assert listener.names == ["listening"]
    assert listener.capture.status == ""
    assert sum(block.dropped for block in listener.blocks) == 0
    listener.assert_nothing_is_unaccounted()


def test_what_the_device_gives_is_what_is_read(clock: VirtualClock) -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (5 * RATE, 3)).astype(np.float32)

    def part(start: int, count: int) -> NDArray[np.float32]:
        return sound[start : start + count]

    for channel, expected in ((None, sound.mean(axis=1, dtype=np.float32)), (2, sound[:, 2])):
        winding = VirtualClock()
        capture = Capture(VirtualDevice(winding, part, RATE, 3, block=700), channel, winding)
        heard = Listener(winding, capture)
        heard.listen(4.0)
        samples = np.concatenate([block.samples for block in heard.blocks])
        np.testing.assert_array_equal(samples, expected[: len(samples)])
        assert len(samples) > 3.9 * RATE


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (22_050, 2), (44_100, 8), (384_000, 32)])
@pytest.mark.parametrize("block", [64, 1000])
def test_any_rate_channels_and_block_give_the_frames_of_the_sound(rate: int, channels: int, block: int) -> None:
    """Equal bits for any block size; how near they are to another rate's is the source law's matter."""
    sound = at_rate(music(2), rate)
    clock = VirtualClock()

    def part(start: int, count: int) -> NDArray[np.float32]:
        return np.repeat(sound[start : start + count, None], channels, axis=1)

    listener = Listener(clock, Capture(VirtualDevice(clock, part, rate, channels, block), channel=0, clock=clock))
    listener.listen(1.9)
    samples = np.concatenate([one.samples for one in listener.blocks])
    heard = frames_of(samples, rate, sizes=[block])
    np.testing.assert_array_equal(heard, frames_of(sound[: len(samples)], rate))
    assert len(heard) > 1.6 * SAMPLE_RATE / 1708


def test_a_channel_that_is_not_there_is_refused(clock: VirtualClock) -> None:
    with pytest.raises(NoMicrophone, match=r"has 2 channels, so there is no channel 3: choose one from 1 to 2"):
        Capture(VirtualDevice(clock, tone(RATE, 2), channels=2), channel=2, clock=clock)


def test_a_lost_device_is_heard_again_within_two_seconds_of_its_return(
    listener: Listener, clock: VirtualClock, device: VirtualDevice
) -> None:
    device.unplug()
    listener.listen(30.0)
    assert listener.names == ["listening", "lost"]
    assert listener.when("lost") - 2.0 < 0.1
    assert (
        listener.capture.status
        == "The microphone “virtual” is gone: connect it again, and listening goes on by itself."
    )
    device.plug()
    returned = clock.now()
    listener.listen(3.0)
    assert listener.names == ["listening", "lost", "recovering", "listening"]
    assert listener.when("listening") - returned < 2.0
    assert listener.capture.losses[-1].cause == "outage"
    assert listener.capture.losses[-1].length == pytest.approx(30.0, abs=0.6)
    assert re.fullmatch(r"30\.\d s of sound was lost at 0:01: the device was away\.", listener.capture.status)
    listener.listen(6.0)
    assert listener.capture.status == ""
    listener.assert_nothing_is_unaccounted()


def test_a_suspended_device_stalls_and_goes_on_by_itself(
    listener: Listener, clock: VirtualClock, device: VirtualDevice
) -> None:
    for length in (2.5, 20.0):
        begun = clock.now()
        device.suspended = True
        listener.listen(length)
        assert listener.names[-1] == "stalled"
        assert listener.when("stalled") - begun < 1.2
        assert "sends nothing" in listener.capture.status
        device.suspended = False
        returned = clock.now()
        listener.listen(4.0)
        assert listener.names[-2:] == ["recovering", "listening"]
        assert listener.when("listening") - returned < 2.0
    listener.listen(4.0)
    listener.assert_nothing_is_unaccounted()


def test_a_frozen_server_is_waited_for_and_neither_reading_nor_closing_hangs(
    listener: Listener, clock: VirtualClock, device: VirtualDevice
) -> None:
    device.freeze()
    listener.listen(60.0)
    assert listener.names == ["listening", "stalled"]
    device.thaw()
    returned = clock.now()
    listener.listen(3.0)
    assert listener.names[-1] == "listening"
    assert listener.when("listening") - returned < 2.0
    listener.assert_nothing_is_unaccounted()


def test_closing_while_a_device_is_being_opened_closes_it_when_it_is_open(
    listener: Listener, device: VirtualDevice
) -> None:
    device.unplug()
    listener.listen(1.0)
    device.plug()
    device.freeze()
    openings = device.openings
    listener.listen(1.0)
    listener.capture.close()
    assert listener.capture.read(1.0) is None
    device.thaw()
    assert device.openings == openings + 1
    assert device._stream is None


def test_a_muted_device_is_told_from_a_silent_one(
    listener: Listener, clock: VirtualClock, device: VirtualDevice
) -> None:
    device.muted = True
    begun = clock.now()
    listener.listen(5.0)
    assert listener.names == ["listening", "zeros"]
    assert 0.35 < listener.when("zeros") - begun < 0.5
    assert "only zeros" in listener.capture.status
    device.condition = Condition(muted=True)
    assert listener.capture.state == "muted"
    assert "is muted: unmute it" in listener.capture.status
    device.muted, device.condition = False, Condition()
    returned = clock.now()
    listener.listen(1.0)
    assert listener.names[-1] == "listening"
    assert listener.when("listening") - returned < 0.1


def test_another_device_s_sound_is_never_given_for_the_chosen_one(
    listener: Listener, clock: VirtualClock, device: VirtualDevice
) -> None:
    """The chosen one was pulled out, and the server moved the stream to another."""
    blocks = len(listener.blocks)
    device.divert()
    listener.listen(3.0)
    assert listener.names == ["listening", "lost"]
    assert len(listener.blocks) == blocks
    device.plug()
    listener.listen(2.0)
    assert listener.names[-2:] == ["recovering", "listening"]


def test_a_stream_that_never_gives_anything_again_is_opened_anew(listener: Listener, device: VirtualDevice) -> None:
    device.break_stream()
    listener.listen(6.0)
    assert listener.names == ["listening", "stalled", "recovering", "listening"]
    assert device.openings == 2
    listener.assert_nothing_is_unaccounted()


def test_a_server_that_does_not_answer_is_not_taken_for_a_device_that_is_gone(
    listener: Listener, device: VirtualDevice
) -> None:
    device.answers_nothing = device.suspended = True
    listener.listen(8.0)
    assert listener.names == ["listening", "stalled"]
    assert "gone" not in listener.capture.status
    device.answers_nothing = device.suspended = False
    listener.listen(2.0)
    assert listener.names[-1] == "listening"
    listener.assert_nothing_is_unaccounted()


def test_what_is_long_on_its_way_is_late_and_not_lost(listener: Listener, device: VirtualDevice) -> None:
    for _ in range(3):
        device.lag = 0.35
        listener.listen(5.0)
        device.lag = 0.0
        listener.listen(5.0)
    assert listener.names == ["listening"]
    assert listener.capture.losses == ()
    listener.assert_nothing_is_unaccounted()


def test_a_stream_moved_by_the_user_goes_on_and_is_said(listener: Listener, device: VirtualDevice) -> None:
    device.condition = Condition(fed_by="Other")
    listener.listen(1.0)
    assert listener.names == ["listening"]
    assert listener.capture.status.startswith("The sound server now gives “Other” instead of “virtual”")


def test_a_late_reader_loses_the_oldest_and_is_told_when(listener: Listener, clock: VirtualClock) -> None:
    clock.sleep(7.0)  # the ring holds four
    listener.listen(1.0)
    loss = listener.capture.losses[-1]
    assert loss.cause == "late"
    assert loss.seconds == pytest.approx(2.0, abs=0.03)
    assert loss.length == pytest.approx(3.0, abs=0.05)
    assert listener.capture.status == "3.0 s of sound was lost at 0:01: the computer was too busy to keep up."
    assert listener.names == ["listening"]
    listener.assert_nothing_is_unaccounted()


def test_a_server_that_stood_still_and_sends_too_much_at_once_is_not_the_computer_s_fault(clock: VirtualClock) -> None:
    device = VirtualDevice(clock, tone(RATE), ring_seconds=2.0)
    listener = Listener(clock, Capture(device, clock=clock))
    listener.listen(2.0)
    device.lag = 3.5
    listener.listen(3.4)
    assert listener.names[-1] == "stalled"
    device.lag = 0.0
    listener.listen(1.0)
    assert [loss.cause for loss in listener.capture.losses] == ["burst"]
    assert listener.capture.status.endswith("the sound system had stood still, and then sent too much at once.")
    clock.sleep(4.0)
    listener.listen(1.0)
    assert listener.capture.losses[-1].cause == "late"  # that was the reader
    listener.assert_nothing_is_unaccounted()


def test_what_the_server_swallows_is_found_and_counted(listener: Listener, device: VirtualDevice) -> None:
    device.overloaded = True
    listener.listen(0.5)
    device.overloaded = False
    listener.listen(3.0)
    (loss,) = listener.capture.losses
    assert loss.cause == "device"
    assert loss.length == pytest.approx(0.5, abs=0.03)
    listener.assert_nothing_is_unaccounted()


def test_only_the_latest_losses_are_kept(listener: Listener) -> None:
    listener.capture._note_loss(0, 0, "late")
    assert list(listener.capture.losses) == []
    for index in range(2 * LOSSES_KEPT):
        listener.capture._note_loss(RATE * index, 1, "device")
    assert [loss.seconds for loss in listener.capture.losses] == list(range(LOSSES_KEPT, 2 * LOSSES_KEPT))


def test_the_same_events_give_the_same_run() -> None:
    def run() -> tuple[list[tuple[SourceState, float]], list[tuple[int, int, int]]]:
        clock = VirtualClock()
        device = VirtualDevice(clock, tone(RATE))
        listener = Listener(clock, Capture(device, clock=clock))
        clock.at(1.0, device.unplug)
        clock.at(3.0, device.plug)
        clock.at(5.0, device.freeze)
        clock.at(12.0, device.thaw)
        listener.listen(20.0)
        return listener.states, [(block.start, len(block.samples), block.dropped) for block in listener.blocks]

    assert run() == run()


def test_the_callback_s_copy_allocates_no_sample_memory() -> None:
    ring = SampleRing(48_000, 2)
    block = np.ones((4096, 2), np.float32)
    ring.write(block)
    kept, most = [], []
    tracemalloc.start()
    try:
        for _ in range(10):  # another thread may allocate something meanwhile, but not every time
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            for _ in range(100):
                ring.write(block)
            after, peak = tracemalloc.get_traced_memory()
            kept.append(after - before)
            most.append(peak - before)
    finally:
        tracemalloc.stop()
    assert min(kept) < 512
    assert min(most) < 2048, "views and counters only; a block is 32 768 bytes"


def test_time_stands_in_the_blocks_whatever_happens(clock: VirtualClock, device: VirtualDevice) -> None:
    """A night: losses of every kind, one after the other, and the index is the clock's at the end."""
    listener = Listener(clock, Capture(device, clock=clock))
    for round_ in range(10):
        listener.listen(3.0)
        device.unplug()
        listener.listen(0.3 * (round_ + 1))
        device.plug()
        listener.listen(3.0)
        device.suspended = True
        listener.listen(0.8 * (round_ + 1))
        device.suspended = False
        listener.listen(3.0)
        clock.sleep(0.7 * (round_ + 1))
    listener.listen(5.0)
    listener.assert_nothing_is_unaccounted()
    starts = [block.start for block in listener.blocks]
    assert all(after > before for before, after in pairwise(starts))
    assert {loss.cause for loss in listener.capture.losses} == {"late", "outage", "device"}
