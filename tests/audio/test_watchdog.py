"""The watchdog, the sample clock, the losses and the sentences: everything that is told, without any sound."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.clock import SampleClock
from audio.source import SourceState
from audio.watchdog import Condition, Loss, Watchdog, sentence
from tests.audio.signals import chunks
from tests.audio.virtual import VirtualClock

RATE = 1000
MUSIC = np.full(100, 0.1, np.float32)
ZEROS = np.zeros(100, np.float32)
QUIET = np.full(100, 1e-4, np.float32)  # -80 dBFS


def state_after(*blocks: np.ndarray) -> SourceState:
    watchdog = Watchdog(RATE, 0.0)
    now = 0.0
    for block in blocks:
        now += len(block) / RATE
        watchdog.process(block, now)
    return watchdog.state(now)


def test_a_virtual_clock_does_everything_in_its_order_and_at_its_time() -> None:
    clock = VirtualClock()
    done: list[tuple[str, float]] = []
    clock.at(2.0, lambda: done.append(("second", clock.now())))
    clock.at(1.0, lambda: clock.at(1.5, lambda: done.append(("planned later", clock.now()))))
    clock.at(9.0, lambda: done.append(("not yet", clock.now())))
    clock.sleep(3.0)
    assert done == [("planned later", 1.5), ("second", 2.0)]
    assert clock.now() == 3.0


@pytest.mark.parametrize(
    ("blocks", "state"),
    [
        ([MUSIC] * 50, "listening"),
        ([MUSIC] + [ZEROS] * 3, "listening"),
        ([MUSIC] + [ZEROS] * 4, "zeros"),
        ([ZEROS] * 30 + [MUSIC], "listening"),
        ([MUSIC] + [QUIET] * 29, "listening"),
        ([MUSIC] + [QUIET] * 30, "silent"),
        ([QUIET] * 60 + [ZEROS] * 10, "zeros"),
        ([MUSIC] + [np.full(100, np.nan, np.float32)] * 10, "zeros"),
        ([MUSIC] + [np.full(100, np.inf, np.float32)] * 10, "zeros"),
        ([MUSIC] + [np.full(100, 3e38, np.float32)] * 10, "zeros"),
    ],
)
def test_zeros_and_silence_are_told_apart_and_from_music(blocks: list[np.ndarray], state: SourceState) -> None:
    assert state_after(*blocks) == state


# Blocks are shorter than STALL_SECONDS: a longer one is a stall before it arrives.
@given(st.lists(st.integers(1, 350), min_size=1, max_size=30), st.integers(0, 3000), st.integers(0, 3000))
def test_how_the_sound_is_cut_does_not_change_the_state(sizes: list[int], quiet: int, zeros: int) -> None:
    sound = np.concatenate([MUSIC, np.full(quiet, 1e-4, np.float32), np.zeros(zeros, np.float32)])
    assert state_after(*chunks(sound, sizes)) == state_after(*chunks(sound, [100]))


def test_nothing_for_a_moment_is_a_stall_and_a_tenth_of_sound_ends_it() -> None:
    watchdog = Watchdog(RATE, 0.0)
    watchdog.process(MUSIC, 0.1)
    assert watchdog.state(0.5) == "listening"
    assert watchdog.state(0.55) == "stalled"
    assert watchdog.state(0.55, unread=True) == "listening"
    watchdog.process(MUSIC[:50], 5.0)
    assert watchdog.state(5.0) == "recovering"
    watchdog.process(MUSIC[:50], 5.05)
    assert watchdog.state(5.05) == "listening"


def test_a_lost_device_recovers_with_its_first_sound_and_not_with_its_opening() -> None:
    watchdog = Watchdog(RATE, 0.0)
    watchdog.lose()
    assert watchdog.state(50.0) == "lost"
    watchdog.reopen(50.0)
    assert watchdog.state(50.3) == "recovering"
    assert watchdog.state(51.5) == "stalled"
    watchdog.process(MUSIC, 52.0)
    assert watchdog.state(52.0) == "listening"


def test_a_stream_given_up_stays_stalled_until_something_comes() -> None:
    watchdog = Watchdog(RATE, 0.0)
    watchdog.give_up()
    assert watchdog.state(9.0) == "stalled"
    watchdog.reopen(9.0)
    assert watchdog.state(9.1) == "stalled"


def test_delays_and_drift_are_no_losses() -> None:
    """Blocks come up to 40 ms late, from a device whose clock is off by 300 parts per million."""
    generator = np.random.default_rng(0)
    for drift in (-3e-4, 3e-4):
        clock = SampleClock(48_000, 0.0)
        moments = np.arange(1, 60_000) * 1024 / 48_000 * (1 + drift)
        assert sum(clock.arrive(1024, moment + generator.uniform(0, 0.04)) for moment in moments) == 0


@pytest.mark.parametrize("lost", [0.06, 0.5, 3.0])
def test_what_the_device_swallows_is_found_within_two_seconds_to_a_block(lost: float) -> None:
    clock, generator = SampleClock(48_000, 0.0), np.random.default_rng(0)
    found, at = 0, 0.0
    for index in range(1, 1000):
        moment = index * 1024 / 48_000 + (lost if index > 500 else 0.0)
        missing = clock.arrive(1024, moment + generator.uniform(0, 0.02))
        if missing:
            found, at = found + missing, moment
    assert found == pytest.approx(lost * 48_000, abs=1024)
    assert 0 < at - 500 * 1024 / 48_000 - lost < 2.1
    assert clock.position == pytest.approx(moment * 48_000, abs=1024)


def test_what_comes_late_but_whole_is_no_loss() -> None:
    clock = SampleClock(48_000, 0.0)
    missing = [clock.arrive(480, index / 100) for index in range(1, 500)]
    missing.append(clock.arrive(480 * 200, 7.0))  # two seconds at once
    missing += [clock.arrive(480, index / 100) for index in range(701, 1200)]
    assert sum(missing) == 0


def test_a_restarted_stream_counts_the_whole_outage_at_once() -> None:
    clock = SampleClock(48_000, 0.0)
    for index in range(1, 301):
        assert clock.arrive(480, index / 100 + 0.003) == 0
    clock.restart()
    assert clock.arrive(480, 10.003) == (10 - 3) * 48_000 - 480
    assert clock.position == 480_000
    assert sum(clock.arrive(480, 10 + index / 100 + 0.003) for index in range(1, 500)) == 0


def test_an_outage_before_the_first_sample_counts_too() -> None:
    clock = SampleClock(48_000, 0.0)
    clock.restart()
    assert clock.arrive(480, 3.0) == 3 * 48_000 - 480


def test_a_loss_says_how_much_when_and_why() -> None:
    late, outage = Loss(83.0, 0.35, "late"), Loss(600.0, 2.0, "outage")
    assert late.sentence() == "350 ms of sound was lost at 1:23: the computer was too busy to keep up."
    assert outage.sentence() == "2.0 s of sound was lost at 10:00: the device was away."


@pytest.mark.parametrize(
    ("state", "is_system_sound", "condition", "said"),
    [
        ("listening", False, Condition(), ""),
        ("listening", False, Condition(muted=True), ""),
        ("listening", False, Condition(fed_by="Desk"), "now gives “Desk” instead of “Hall”: choose again"),
        ("silent", False, Condition(), "“Hall” hears nothing above \N{MINUS SIGN}70 dBFS: turn the music up"),
        ("zeros", False, Condition(), "only zeros: it is switched off or muted, or this program is not allowed"),
        ("muted", False, Condition(muted=True), "is muted: unmute it in the sound settings"),
        ("zeros", True, Condition(), "This computer is playing nothing"),
        ("stalled", False, Condition(), "sends nothing: check that it is connected"),
        ("stalled", False, Condition(suspended=True), "is suspended: resume it to continue"),
        ("lost", False, Condition(), "The microphone “Hall” is gone: connect it again"),
        ("lost", True, Condition(), "The system's sound “Hall” is gone"),
        ("recovering", False, Condition(), "is back"),
    ],
)
def test_every_state_is_one_sentence_that_says_what_to_do(
    state: SourceState, is_system_sound: bool, condition: Condition, said: str
) -> None:
    told = sentence(state, "Hall", is_system_sound, condition)
    assert said in told
    assert told == "" or (told.endswith(".") and told.count(". ") == 0 and "\n" not in told)


@pytest.mark.parametrize(
    ("system", "where"), [("darwin", "Privacy & Security, Microphone"), ("linux", "the sound settings")]
)
def test_zeros_say_where_a_system_lets_a_program_hear(monkeypatch: pytest.MonkeyPatch, system: str, where: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert f"check its switch and {where}" in sentence("zeros", "Mic", False, Condition())
