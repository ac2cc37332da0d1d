"""Everything that befalls a microphone on a real sound server: its state, what is said, that it comes back.

How soon it does is measured where time is exact, on the virtual clock of test_capture.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audio import Microphone, input_devices
from audio.pulse import _ask, pulse_sources
from audio.speaker import Speaker
from tests.virtual_microphone import MICROPHONE, SAMPLE_RATE, PipeWireMicrophone, VirtualMicrophone

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0  # seconds; only a fault takes so long
UP = ("listening", "zeros", "silent")  # samples arrive, whatever they are


def until(microphone: Microphone, *states: str, said: str = "") -> None:
    """Read on until the state is one of these and the status contains the words."""
    began = time.monotonic()
    while microphone.state not in states or said not in microphone.status or not position(microphone):
        waited = time.monotonic() - began
        assert waited < PATIENCE, f"after {waited:.1f} s still {microphone.state}: “{microphone.status}”"
        assert microphone.read(0.02) is not None


def until_sound(microphone: Microphone) -> None:
    """Read on until there is some."""
    began, block = time.monotonic(), microphone.read(0.02)
    while block is None or not (abs(block.samples) > 0.01).any():
        assert time.monotonic() - began < PATIENCE, microphone.state
        block = microphone.read(0.02)


def position(microphone: Microphone) -> int:
    """Index of the next sample."""
    block = microphone.read(0)
    assert block is not None
    return block.start + len(block.samples)


def close_without_waiting(microphone: Microphone) -> None:
    """For the server: that would take for ever."""
    began = time.monotonic()
    microphone.close()
    assert time.monotonic() - began < PATIENCE


@pytest.fixture
def chosen(virtual_microphone: VirtualMicrophone) -> Iterator[Microphone]:
    """Listening to the microphone by its name; what was heard and lost meanwhile is the time that has passed."""
    microphone = Microphone("Test microphone")
    try:
        until(microphone, *UP)
        behind = seconds_behind(microphone)
        yield microphone
        began = time.monotonic()
        while microphone.state in UP and abs(seconds_behind(microphone) - behind) > 0.2:
            assert time.monotonic() - began < PATIENCE, "samples are unaccounted for"
    finally:
        close_without_waiting(microphone)


def seconds_behind(microphone: Microphone) -> float:
    """What the clock shows more than the index of the next sample, from whatever zero."""
    microphone.read(0.02)
    return time.monotonic() - position(microphone) / SAMPLE_RATE


def test_an_unloaded_source_is_lost_and_heard_again_when_it_is_back(
    virtual_microphone: VirtualMicrophone, chosen: Microphone
) -> None:
    """The server moves the recording to the sink's monitor without a word: that is not what was chosen."""
    virtual_microphone.unplug()
    try:
        until(chosen, "lost", said="The microphone “Test microphone” is gone: connect it again")
        heard = position(chosen)
        for _ in range(30):
            chosen.read(0.02)
        assert position(chosen) == heard
        assert chosen.state == "lost"
    finally:
        virtual_microphone.plug()
    until(chosen, *UP)
    assert chosen.losses[-1].cause == "outage"


def test_who_follows_the_default_is_moved_with_it(virtual_microphone: VirtualMicrophone) -> None:
    with Microphone() as microphone:
        until(microphone, *UP)
        virtual_microphone.unplug()
        try:
            began = time.monotonic()
            while time.monotonic() - began < 1.0:
                microphone.read(0.02)
                assert microphone.state != "lost"
            until(microphone, *UP)
        finally:
            virtual_microphone.plug()


def test_a_microphone_chosen_by_name_does_not_silently_become_the_new_default(
    virtual_microphone: VirtualMicrophone, chosen: Microphone
) -> None:
    """PipeWire leaves the recording where it is; PulseAudio moves it, and that is said."""
    playing = virtual_microphone.play(0.1 * noise(60))
    until(chosen, "listening")
    module = virtual_microphone.plug_another("guitar", "Guitar")
    try:
        virtual_microphone.pactl("set-default-source", "guitar")
        if isinstance(virtual_microphone, PipeWireMicrophone):
            began = time.monotonic()
            while time.monotonic() - began < 1.0:
                chosen.read(0.02)
                assert "Guitar" not in chosen.status
            (feed,) = {one["source"] for one in _ask("source-outputs") if str(os.getpid()) in str(one["properties"])}
            assert feed == next(source.index for source in pulse_sources() if source.name == MICROPHONE)
        else:
            until(chosen, "listening", said="The sound server now gives “Guitar” instead of “Test microphone”")
    finally:
        virtual_microphone.pactl("set-default-source", MICROPHONE)
        virtual_microphone.pactl("unload-module", module)
        playing.kill()


def test_a_suspended_source_stalls_and_goes_on_by_itself(
    virtual_microphone: VirtualMicrophone, chosen: Microphone
) -> None:
    virtual_microphone.suspend(True)
    try:
        until(chosen, "stalled", said="is suspended: resume it to continue")
    finally:
        virtual_microphone.suspend(False)
    until(chosen, *UP)


def test_a_source_suspended_for_long_is_opened_anew_and_goes_on(
    virtual_microphone: VirtualMicrophone, chosen: Microphone
) -> None:
    virtual_microphone.suspend(True)
    try:
        until(chosen, "stalled")
        began = time.monotonic()
        while time.monotonic() - began < 5.0:  # it is closed and opened after four
            chosen.read(0.02)
            assert chosen.state == "stalled"
    finally:
        virtual_microphone.suspend(False)
    until(chosen, *UP)


def test_closing_a_suspended_source_does_not_hang(virtual_microphone: VirtualMicrophone) -> None:
    with Microphone("Test microphone") as microphone:
        until(microphone, *UP)
        virtual_microphone.suspend(True)
        try:
            until(microphone, "stalled")
            close_without_waiting(microphone)
            assert microphone.read(1) is None
        finally:
            virtual_microphone.suspend(False)


def test_a_muted_source_is_said_to_be_muted(virtual_microphone: VirtualMicrophone, chosen: Microphone) -> None:
    playing = virtual_microphone.play(0.1 * noise(60))
    try:
        until(chosen, "listening")
        virtual_microphone.mute(True)
        until(chosen, "muted", said="is muted: unmute it in the sound settings")
        virtual_microphone.mute(False)
        until(chosen, "listening")
        assert "outage" not in [loss.cause for loss in chosen.losses]
    finally:
        virtual_microphone.mute(False)
        playing.kill()


def test_a_recording_that_the_user_moves_goes_on_and_says_what_it_hears(
    virtual_microphone: VirtualMicrophone, chosen: Microphone
) -> None:
    if isinstance(virtual_microphone, PipeWireMicrophone):
        pytest.skip("PipeWire moves no recording that was asked to stay with its source")
    playing = virtual_microphone.play(0.1 * noise(60))
    try:
        until(chosen, "listening", said="")
        outputs = [one["index"] for one in _ask("source-outputs") if str(os.getpid()) in str(one["properties"])]
        virtual_microphone.pactl("move-source-output", str(outputs[-1]), "feed.monitor")
        until(
            chosen, "listening", said="The sound server now gives “Monitor of Test output” instead of “Test microphone”"
        )
        virtual_microphone.pactl("move-source-output", str(outputs[-1]), "microphone")
        began = time.monotonic()
        while chosen.status and time.monotonic() - began < PATIENCE:
            chosen.read(0.02)
        assert chosen.status == ""
        assert chosen.state == "listening"
    finally:
        playing.kill()


def noise(seconds: int) -> Any:
    import numpy as np

    return np.random.default_rng(0).uniform(-1, 1, seconds * SAMPLE_RATE).astype(np.float32)


@pytest.fixture
def own_microphone(virtual_microphone: VirtualMicrophone) -> Iterator[VirtualMicrophone]:
    """A second server, for a test that breaks it."""
    with type(virtual_microphone)() as microphone:
        input_devices(refresh=True)
        yield microphone
    input_devices(refresh=True)


@pytest.mark.parametrize("device", ["Test microphone", None])
def test_a_killed_server_is_lost_and_heard_again_when_it_is_back(
    own_microphone: VirtualMicrophone, device: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    with Microphone(device) as microphone:
        until(microphone, *UP)
        own_microphone.kill_server()
        until(microphone, "lost", said=" is gone: connect it again")
        began = time.monotonic()
        while time.monotonic() - began < 1.5:
            microphone.read(0.02)
            assert microphone.state == "lost"
        own_microphone.start_server()
        until(microphone, *UP)
        assert microphone.losses[-1].length > 1.5
        close_without_waiting(microphone)
    assert capfd.readouterr().err == ""


def test_a_server_that_stays_away_does_not_hold_up_closing(own_microphone: VirtualMicrophone) -> None:
    with Microphone() as microphone:
        until(microphone, *UP)
        own_microphone.kill_server()
        until(microphone, "lost")
        close_without_waiting(microphone)


def test_what_is_played_aloud_is_heard_again_when_the_server_is_back(own_microphone: VirtualMicrophone) -> None:
    speaker, playing, done = Speaker(SAMPLE_RATE), noise(1)[: SAMPLE_RATE // 10], threading.Event()

    def play() -> None:
        while not done.wait(0.1):
            speaker.play(0.1 * playing)

    player = threading.Thread(target=play)
    player.start()
    try:
        with Microphone() as microphone:
            until_sound(microphone)
            own_microphone.kill_server()
            until(microphone, "lost")
            own_microphone.start_server()
            until_sound(microphone)
    finally:
        done.set()
        player.join()
        speaker.close()


LISTEN = """
import json, sys, threading, time
from audio import Microphone, input_devices

microphone = Microphone("Test microphone")
wishes = []
threading.Thread(target=lambda: [wishes.append(line.strip()) for line in sys.stdin], daemon=True).start()
shown = None
while "close" not in wishes:
    microphone.read(0.02)
    now = microphone.state, microphone.status
    if now != shown:
        shown = now
        print(json.dumps([*now, time.monotonic()]), flush=True)
began = time.monotonic()
microphone.close()
print(json.dumps(["closed", time.monotonic() - began, time.monotonic()]), flush=True)
"""


class Listening:
    """A process of its own, for a frozen server can hang whoever listens to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", LISTEN], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def until(self, *states: str) -> tuple[Any, float]:
        """-> the status and the moment at which the state became one of these."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            state, status, moment = json.loads(line)
            if state in states:
                return status, moment
        raise AssertionError(f"it ended without being {' or '.join(states)}")

    def close(self) -> float:
        """-> seconds that closing took."""
        assert self._process.stdin is not None
        self._process.stdin.write("close\n")
        self._process.stdin.flush()
        seconds, _ = self.until("closed")
        assert self._process.wait(PATIENCE) == 0
        return float(seconds)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def listening(own_microphone: VirtualMicrophone) -> Iterator[Listening]:
    started = Listening()
    try:
        started.until(*UP)
        yield started
    finally:
        started.kill()


@pytest.mark.parametrize("seconds", [2.0, 6.5])
def test_a_frozen_server_stalls_and_is_heard_again_when_it_thaws(
    own_microphone: VirtualMicrophone, listening: Listening, seconds: float
) -> None:
    """For less than the time after which the stream is opened anew, and for more: then PortAudio hangs too."""
    frozen = time.monotonic()
    own_microphone.freeze_server()
    status, stalled = listening.until("stalled")
    assert "sends nothing" in status
    assert frozen < stalled
    time.sleep(max(0.0, frozen + seconds - time.monotonic()))
    thawed = time.monotonic()
    own_microphone.thaw_server()
    _, back = listening.until(*UP)
    assert thawed < back
    assert listening.close() < PATIENCE


def test_with_a_frozen_server_the_program_can_still_be_quit(
    own_microphone: VirtualMicrophone, listening: Listening
) -> None:
    own_microphone.freeze_server()
    listening.until("stalled")
    assert listening.close() < PATIENCE


def test_a_frozen_server_is_said_not_to_answer_when_a_microphone_is_opened(own_microphone: VirtualMicrophone) -> None:
    code = "from audio import AudioError, input_devices\ntry: input_devices()\nexcept AudioError as error: print(error)"
    own_microphone.freeze_server()
    asked = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE)
    assert asked.stdout.strip() == "The sound server does not answer: restart it, or open a file instead."
    assert asked.returncode == 0
