"""The microphone on a real sound server: what is played is what is heard, and what goes wrong is told."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audio import SAMPLE_RATE, Block, Microphone, NoMicrophone, input_devices
from tests.audio.signals import Samples, at_rate, frames_of, music
from tests.virtual_microphone import SAMPLE_RATE as SERVER_RATE
from tests.virtual_microphone import VirtualMicrophone

CHECKOUT = Path(__file__).resolve().parents[2]

LISTEN = """
import sys
import time
from audio import Microphone

microphone = Microphone()
microphone.read(2)
print("listening", flush=True)
sys.stdin.readline()
deadline = time.monotonic() + 1.5
while time.monotonic() < deadline:
    microphone.read(0.1)
print(microphone.status, flush=True)
began = time.monotonic()
microphone.close()
print(time.monotonic() - began, flush=True)
"""


def listen_until(microphone: Microphone, condition: str, limit: float) -> float:
    """Read on until the status contains the words (none: until it is empty) -> the seconds that took."""
    began = time.monotonic()
    while not (condition in microphone.status if condition else microphone.status == ""):
        assert time.monotonic() - began < limit, f"status stays “{microphone.status}”"
        microphone.read(0.02)
    return time.monotonic() - began


def recorded(microphone: Microphone, first: Block, seconds: float) -> Samples:
    """Everything heard in that time after a first block; nothing may be lost."""
    heard, position = [first.samples], first.start + len(first.samples)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        block = microphone.read(0.1)
        assert block is not None
        assert (block.start, block.dropped) == (position, 0)
        position += len(block.samples)
        heard.append(block.samples)
    return np.concatenate(heard)


def find(sound: Samples, heard: Samples) -> int:
    """The index in `heard` where `sound` begins."""
    length = len(sound) + len(heard)
    spectrum = np.fft.rfft(heard, length) * np.conj(np.fft.rfft(sound, length))
    return int(np.argmax(np.fft.irfft(spectrum, length)[: len(heard)]))


def test_what_is_played_is_what_is_captured(virtual_microphone: VirtualMicrophone) -> None:
    original = music(3)
    played = at_rate(original, SERVER_RATE)
    with Microphone() as microphone:
        assert microphone.sample_rate == SERVER_RATE
        first = microphone.read(2)  # only now does it surely listen
        assert first is not None
        virtual_microphone.play(played)
        heard = recorded(microphone, first, 4.2)
        assert microphone.status == ""
    start = find(played, heard)
    captured = heard[start : start + len(played)]
    assert len(captured) == len(played)
    assert np.corrcoef(captured, played)[0, 1] > 0.999

    frames = frames_of(captured, SERVER_RATE, sizes=[1024])
    np.testing.assert_allclose(frames, frames_of(played, SERVER_RATE), rtol=0, atol=0.1)
    direct = frames_of(original, SAMPLE_RATE)
    audible = direct > -60
    assert audible.mean() > 0.9
    assert np.abs(frames - direct)[audible].max() < 0.1


def test_a_reader_that_comes_too_late_is_told_what_it_lost(
    virtual_microphone: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio.microphone.RING_SECONDS", 0.1)
    with Microphone() as microphone:
        first = microphone.read(2)
        assert first is not None
        time.sleep(0.5)
        late = microphone.read(0)
        assert late is not None
        assert late.dropped > 0.2 * SERVER_RATE
        assert late.start == first.start + len(first.samples) + late.dropped
        assert len(late.samples) == pytest.approx(0.1 * SERVER_RATE, abs=1024)


def test_reading_keeps_to_its_timeout_and_ends_with_closing(virtual_microphone: VirtualMicrophone) -> None:
    microphone = Microphone()
    microphone.read(2)
    virtual_microphone.suspend(True)
    try:
        microphone.read(0.2)
        microphone.read(0.2)
        began = time.monotonic()
        block = microphone.read(0.1)
        assert block is not None
        assert len(block.samples) == 0
        assert 0.1 <= time.monotonic() - began < 0.2
    finally:
        virtual_microphone.suspend(False)
    microphone.close()
    microphone.close()
    assert microphone.read(1) is None
    assert microphone.status == ""


def test_a_stall_is_told_and_taken_back_and_does_not_hold_up_closing(
    virtual_microphone: VirtualMicrophone,
) -> None:
    microphone = Microphone()
    microphone.read(2)
    assert microphone.status == ""
    virtual_microphone.suspend(True)
    try:
        assert 0.8 < listen_until(microphone, "sends nothing", limit=2) < 1.8
        virtual_microphone.suspend(False)
        listen_until(microphone, "", limit=2)
        virtual_microphone.suspend(True)
        began = time.monotonic()
        microphone.close()
        assert time.monotonic() - began < 0.5
    finally:
        virtual_microphone.suspend(False)


def test_an_unknown_microphone_is_an_error_that_names_the_known_ones(
    virtual_microphone: VirtualMicrophone,
) -> None:
    with pytest.raises(NoMicrophone, match=r"no microphone “Guitar”: choose one of .*“pulse”"):
        Microphone("Guitar")


@pytest.fixture
def own_microphone(virtual_microphone: VirtualMicrophone) -> Iterator[VirtualMicrophone]:
    """A second server, for a test that breaks it."""
    with VirtualMicrophone() as microphone:
        input_devices(refresh=True)
        yield microphone
    input_devices(refresh=True)


def test_a_lost_server_is_told_and_does_not_hold_up_closing(own_microphone: VirtualMicrophone) -> None:
    microphone = Microphone()
    microphone.read(2)
    own_microphone.kill_server()
    listen_until(microphone, "is gone", limit=1)
    block = microphone.read(0.05)
    assert block is not None
    began = time.monotonic()
    microphone.close()
    assert time.monotonic() - began < 0.5
    with pytest.raises(NoMicrophone, match=r"No microphone was found|cannot be opened"):
        Microphone()


def test_a_frozen_server_is_told_and_the_program_can_still_be_quit(own_microphone: VirtualMicrophone) -> None:
    """In a process of its own, for its PortAudio is of no use any more."""
    listening = subprocess.Popen(
        [sys.executable, "-c", LISTEN], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert listening.stdout is not None
        assert listening.stdout.readline() == "listening\n"
        own_microphone.freeze_server()
        output, _ = listening.communicate("\n", timeout=10)
    finally:
        listening.kill()
        listening.wait()
    status, closing_seconds = output.splitlines()
    assert "sends nothing" in status
    assert float(closing_seconds) < 1.5
    assert listening.returncode == 0
