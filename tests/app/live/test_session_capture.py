"""What the session says of its source: the microphone's condition, the level, a file that can be wound."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.live.engine import INVALID, Engine
from app.live.model_choice import ModelChooser
from app.live.session import LiveSession
from app.stream.models import torch_model
from app.stream.snapshot import Snapshot
from app.stream.weights import default_weights
from audio import Block, Capture, Level
from audio.source import Source
from model import Classifier, load_classifier
from tests.app.made_music import made_music
from tests.audio.virtual import VirtualClock, VirtualDevice, tone
from tests.virtual_microphone import VirtualMicrophone

PATIENCE = 60.0  # seconds; only a fault takes so long


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier(default_weights())


@pytest.fixture
def session(classifier: Classifier) -> Iterator[LiveSession]:
    running = LiveSession(ModelChooser(torch_model(classifier)))
    yield running
    assert running.close()


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


class HurriedClock(VirtualClock):
    """Ten times as fast as the real one: the run goes on while the test looks at it."""

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds) / 10)
        super().sleep(seconds)


def test_a_lost_microphone_is_a_condition_of_the_run_and_not_its_end(classifier: Classifier) -> None:
    clock = HurriedClock()
    device = VirtualDevice(clock, tone(48_000))
    clock.at(2.0, device.unplug)
    model = torch_model(classifier)
    engine = Engine(lambda: model, lambda: Capture(device, clock=clock))
    wait(lambda: engine.state.source == "lost")
    lost = engine.state
    assert lost.phase == "running"
    assert " is gone: connect it again" in lost.message
    heard = len(engine.drain())
    assert heard > 10
    device.plug()
    wait(lambda: engine.state.source == "listening")
    again: list[Snapshot] = []

    def heard_again() -> bool:
        again.extend(engine.drain())
        return len(again) > 10

    wait(heard_again)
    assert again[-1].dropped > 0
    engine.request_stop()
    assert engine.join(PATIENCE)
    assert engine.state.phase == "stopped"


class SomeNan(Source):
    """A second in which one sample is no number, then nothing for as long as one waits."""

    name, sample_rate, status = "broken", 22_050, ""

    def __init__(self) -> None:
        samples = np.full(22_050, 0.1, np.float32)
        samples[5000] = np.nan
        self._blocks = [Block(samples, 0)]

    def read(self, timeout: float) -> Block | None:
        if self._blocks:
            return self._blocks.pop()
        time.sleep(timeout)
        return Block(np.zeros(0, np.float32), 22_050)

    def close(self) -> None:
        """Nothing to let go of."""


def test_samples_that_are_no_numbers_are_said_once(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.live.engine.INVALID_SHOWN_SECONDS", 0.5)
    model = torch_model(classifier)
    engine = Engine(lambda: model, SomeNan)
    wait(lambda: engine.state.message == INVALID)
    wait(lambda: engine.state.phase == "running" and not engine.state.message)
    assert all(np.isfinite(snapshot.probabilities).all() for snapshot in engine.drain())
    engine.request_stop()
    assert engine.join(PATIENCE)


def test_a_file_can_be_paused_and_wound_and_its_level_is_shown(session: LiveSession, tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=20.0), 22_050)
    assert session.player is None
    assert session.level == Level()
    session.play(song)
    wait(lambda: session.player is not None and session.player.position > 0.3)
    wait(lambda: session.level.rms_dbfs > -60)
    player = session.player
    assert player is not None
    player.paused = True
    wait(lambda: session.state.not_live == "paused")
    assert {snapshot.jumps for snapshot in session.drain()} <= {0}
    player.seek(15.0)
    wait(lambda: player.position == 15.0)
    player.paused = False
    wait(lambda: 15.0 < player.position < 20.0 and session.state.not_live == "")
    wait(lambda: {snapshot.jumps for snapshot in session.drain()} == {1})
    session.stop()
    wait(lambda: session.player is None)


def test_another_source_goes_on_in_the_session_and_only_another_session_forgets(
    classifier: Classifier, tmp_path: Path
) -> None:
    session = LiveSession(ModelChooser(torch_model(classifier)), speed=10.0)
    session.recorder.switch(True)
    songs = [tmp_path / f"{number}.wav" for number in (1, 2)]
    for number, song in enumerate(songs, start=1):
        soundfile.write(song, made_music(seconds=6.0), 22_050 * number)
        session.play(song)
        wait(lambda least=2.0 * number: session.recorder.seconds > least)  # type: ignore[misc]
    wait(lambda: session.state.phase == "ended")
    drained = session.drain()
    # What the first one had read when it was told to stop was answered, and came before the second one.
    assert [snapshot.run for snapshot in drained] == sorted(snapshot.run for snapshot in drained)
    for run in (1, 2):
        indices = [snapshot.index for snapshot in drained if snapshot.run == run]
        assert indices == list(range(len(indices)))
    assert {snapshot.source for snapshot in drained} == {"1.wav", "2.wav"}
    assert session.recorder.seconds > 3.0
    assert session.recorder.samples()[1] == 44_100
    session.play(songs[0])
    wait(lambda: bool(session.drain()))
    session.begin_anew()
    assert (session.drain(), session.state.phase, session.recorder.seconds) == ([], "idle", 0.0)
    time.sleep(0.2)  # the run that ends gives no more
    assert session.recorder.seconds == 0.0
    assert session.close()


def test_the_level_is_shown_before_listening_and_the_device_handed_over(
    virtual_microphone: VirtualMicrophone, session: LiveSession
) -> None:
    playing = virtual_microphone.play(made_music(seconds=60.0, sample_rate=48_000), 48_000)
    try:
        session.preview("PulseAudio: microphone")
        wait(lambda: session.level.rms_dbfs > -60)
        previewing = session.state
        assert previewing.phase == "idle"
        session.listen("PulseAudio: microphone")
        wait(lambda: len(session.drain()) > 0)
        wait(lambda: session.level.rms_dbfs > -60)
        assert session.state.phase == "running"
        assert session.source_name == "Test microphone"
    finally:
        playing.kill()


def test_the_keys_of_the_list_say_host_and_name_and_what_is_system_sound(
    virtual_microphone: VirtualMicrophone, session: LiveSession
) -> None:
    session.refresh_devices()
    wait(lambda: session.devices is not None)
    assert session.devices is not None
    assert [(choice.key, choice.is_default) for choice in session.devices.choices] == [
        ("ALSA: default", True),
        ("PulseAudio: microphone", False),
        ("PulseAudio: feed.monitor", False),
    ]
    assert session.devices.choices[2].label.endswith("(system sound)")
    assert session.devices.hint == ""
