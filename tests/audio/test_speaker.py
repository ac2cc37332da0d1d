"""What is played aloud: every sample in order, silence where there is none, and never an old one."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.portaudio import portaudio
from audio.source import Block, Source
from audio.speaker import AHEAD_SECONDS, BEHIND_SECONDS, PlayedAloud, Speaker

RATE = 1000


class Blocks(Source):
    """A source of given blocks."""

    name, status, sample_rate = "blocks", "", RATE

    def __init__(self, blocks: list[NDArray[np.float32]]) -> None:
        self._blocks = blocks

    def read(self, timeout: float) -> Block | None:
        return Block(self._blocks.pop(0), 0) if self._blocks else None

    def close(self) -> None:
        self._blocks = []


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> Speaker:
    """One without a device: what its callback would be given is asked for by the test."""
    monkeypatch.setattr(Speaker, "_open", lambda self: None)
    return Speaker(RATE)


def heard(speaker: Speaker, count: int) -> NDArray[np.float32]:
    out = np.full((count, 2), np.nan, np.float32)
    speaker.fill(out)
    np.testing.assert_array_equal(out[:, 0], out[:, 1])
    return out[:, 0]


def ramp(count: int, start: int = 0) -> NDArray[np.float32]:
    return (np.arange(start, start + count) / 1e4).astype(np.float32)


def test_every_sample_comes_in_order_however_the_blocks_are_cut(speaker: Speaker) -> None:
    for start in range(0, 300, 30):
        speaker.play(ramp(30, start))
    got = np.concatenate([heard(speaker, 7) for _ in range(42)])
    np.testing.assert_array_equal(got, ramp(294))


def test_it_begins_only_when_enough_has_been_collected_and_again_after_a_pause(speaker: Speaker) -> None:
    ahead = round(AHEAD_SECONDS * RATE)
    speaker.play(ramp(ahead - 1))
    assert not heard(speaker, 10).any()
    speaker.play(ramp(51))
    got = heard(speaker, ahead + 100)
    np.testing.assert_array_equal(got[: ahead - 1], ramp(ahead - 1))
    assert not got[ahead + 50 :].any()
    speaker.play(ramp(10) + 1)
    assert not heard(speaker, 10).any()


def test_what_nobody_fetched_in_time_is_left_out(speaker: Speaker) -> None:
    for start in range(0, 3000, 100):
        speaker.play(ramp(100, start))
    kept = round(BEHIND_SECONDS * RATE)
    np.testing.assert_array_equal(heard(speaker, kept), ramp(kept, 3000 - kept))


def test_samples_that_are_no_sound_never_reach_the_device(speaker: Speaker) -> None:
    speaker.play(np.array([np.nan, np.inf, -3e38, 5.0] * 100, np.float32))
    got = heard(speaker, 400)
    np.testing.assert_array_equal(got, [0, 0, 0, 1] * 100)


def test_a_closed_one_is_silent(speaker: Speaker) -> None:
    speaker.play(ramp(400))
    speaker.close()
    speaker.play(ramp(400))
    assert not heard(speaker, 100).any()


def test_a_source_played_aloud_gives_what_it_would_give_anyway(speaker: Speaker) -> None:
    with PlayedAloud(Blocks([ramp(200), ramp(150, 200)])) as source:
        given = []
        while (block := source.read(1.0)) is not None:
            given.append(block.samples)
    np.testing.assert_array_equal(np.concatenate(given), ramp(350))


def test_without_a_device_nothing_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoSound:
        PortAudioError = RuntimeError

        def OutputStream(self, **_options: object) -> None:  # noqa: N802
            raise RuntimeError("Error querying device -1")

    monkeypatch.setattr(type(portaudio()), "load", lambda self: NoSound())
    speaker = Speaker(RATE)
    speaker.play(ramp(400))
    speaker.close()
    portaudio().ask(lambda: None, 5.0)
    assert speaker not in portaudio().open_streams


def test_a_device_that_asks_for_nothing_any_more_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a pause, when nothing is played."""
    opened: list[OutputStream] = []

    class OutputStream:
        def __init__(self, callback: Callable[..., None], **_options: object) -> None:
            self.ask, self.closed = callback, False
            opened.append(self)

        def start(self) -> None:
            """Nothing is asked for."""

        def abort(self, ignore_errors: bool) -> None:
            """It never ran."""

        def close(self, ignore_errors: bool) -> None:
            self.closed = True

    sound = SimpleNamespace(OutputStream=OutputStream, PortAudioError=RuntimeError)
    monkeypatch.setattr(type(portaudio()), "load", lambda self: sound)
    monkeypatch.setattr("audio.speaker.GONE_SECONDS", 0.0)
    speaker, nothing = Speaker(RATE), np.zeros(0, np.float32)

    def play_nothing() -> None:
        portaudio().ask(lambda: None, 5.0)
        speaker.play(nothing)
        portaudio().ask(lambda: None, 5.0)

    play_nothing()
    assert len(opened) == 1  # a device may take its time to begin
    opened[0].ask(np.zeros((10, 2), np.float32))
    play_nothing()
    assert [stream.closed for stream in opened] == [True, False]
    speaker.close()
    portaudio().ask(lambda: None, 5.0)
    assert opened[1].closed
