"""The microphone on a real sound server: what is played is what is heard, from the device that was chosen."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import numpy as np
import pytest

from audio import SAMPLE_RATE, Block, Level, LevelPreview, Microphone, input_devices, system_sound_help
from audio.source import NoMicrophone
from tests.audio.signals import Samples, at_rate, frames_of, music
from tests.virtual_microphone import SAMPLE_RATE as SERVER_RATE
from tests.virtual_microphone import VirtualMicrophone

PATIENCE = 60.0  # seconds; only a fault takes so long


def wait(condition: Callable[[], bool]) -> None:
    """Until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def recorded(microphone: Microphone, first: Block, playing: subprocess.Popen[bytes] | None, seconds: float) -> Samples:
    """Everything heard after a first block, till so many seconds of sound after the playing; nothing may be lost."""
    heard, position = [first.samples], first.start + len(first.samples)
    end, deadline = position + round(seconds * SERVER_RATE), time.monotonic() + PATIENCE
    while position < end:
        if playing is not None and playing.poll() is None:
            end = position + round(seconds * SERVER_RATE)
        assert time.monotonic() < deadline
        block = microphone.read(0.1)
        assert block is not None
        assert (block.start, block.dropped) == (position, 0)
        position += len(block.samples)
        heard.append(block.samples)
    return np.concatenate(heard)


def read(microphone: Microphone, timeout: float = 0.2) -> Block:
    block = microphone.read(timeout)
    assert block is not None
    return block


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
        heard = recorded(microphone, first, virtual_microphone.play(played), 1.0)
        assert microphone.losses == ()
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
    with Microphone() as microphone:
        microphone.read(2)
        virtual_microphone.suspend(True)
        try:
            wait(lambda: not len(read(microphone).samples))
            began = time.monotonic()
            assert not len(read(microphone, timeout=0.1).samples)
            assert 0.1 <= time.monotonic() - began < PATIENCE  # no sound comes that could end it
        finally:
            virtual_microphone.suspend(False)
        microphone.close()
        assert microphone.read(1) is None
        assert microphone.status == ""


def test_an_unknown_microphone_is_an_error_that_names_the_known_ones(
    virtual_microphone: VirtualMicrophone,
) -> None:
    with pytest.raises(NoMicrophone, match=r"no microphone “Guitar”: choose one of .*“Test microphone”"):
        Microphone("Guitar")


def test_the_server_s_sources_are_listed_by_name_and_what_the_computer_plays_as_such(
    virtual_microphone: VirtualMicrophone,
) -> None:
    default, *others = input_devices()
    assert (default.label, default.is_default, default.key) == (
        "System default (Test microphone)",
        True,
        "ALSA: default",
    )
    assert [(device.label, device.key, device.channels, device.sample_rate) for device in others] == [
        ("Test microphone", "PulseAudio: microphone", 1, SERVER_RATE),
        ("Monitor of Test output (system sound)", "PulseAudio: feed.monitor", 2, SERVER_RATE),
    ]
    assert system_sound_help([default, *others]) == ""
    assert "To hear what" in system_sound_help([default])


def test_the_system_s_own_sound_is_heard_in_its_own_channels(virtual_microphone: VirtualMicrophone) -> None:
    left, right = np.random.default_rng(0).uniform(-0.4, 0.4, (2, 2 * SERVER_RATE))
    for channel, expected in ((0, left), (1, right), (None, (left + right) / 2)):
        with Microphone("PulseAudio: feed.monitor", channel) as system:
            first = system.read(4)
            assert first is not None
            playing = virtual_microphone.play(np.stack([left, right], axis=1).astype(np.float32))
            heard = recorded(system, first, playing, 0.5)
            assert system.name == "Monitor of Test output"
        played = np.asarray(expected[:SERVER_RATE], np.float32)
        start = find(played, heard)
        captured = heard[start : start + SERVER_RATE // 2]
        assert np.corrcoef(captured, played[: len(captured)])[0, 1] > 0.97  # of one channel and the mean it is 0.71


def test_a_microphone_plugged_in_later_is_found_without_disturbing_the_one_that_listens(
    virtual_microphone: VirtualMicrophone,
) -> None:
    with Microphone("Test microphone") as microphone:
        first = microphone.read(4)
        assert first is not None
        assert "PulseAudio: guitar" not in [device.key for device in input_devices(refresh=True)]
        module = virtual_microphone.plug_another("guitar", "Guitar")
        try:
            assert "PulseAudio: guitar" in [device.key for device in input_devices(refresh=True)]
            recorded(microphone, first, None, 0.5)
            with Microphone("guitar") as guitar:
                heard = guitar.read(4)
                assert heard is not None
                assert len(heard.samples) > 0
            assert microphone.losses == ()
        finally:
            virtual_microphone.pactl("unload-module", module)


def test_the_level_is_metered_before_anybody_listens(virtual_microphone: VirtualMicrophone) -> None:
    playing = virtual_microphone.play(np.asarray(0.5 * np.sin(np.arange(60 * SERVER_RATE) / 20), np.float32))
    preview = LevelPreview(lambda: Microphone("Test microphone"))
    try:
        wait(lambda: preview.level.peak_dbfs >= -7)
        assert preview.level.peak_dbfs == pytest.approx(-6.02, abs=0.1)
        wait(lambda: preview.level.rms_dbfs >= -9.1)
        assert preview.level.rms_dbfs == pytest.approx(-9.03, abs=0.1)
        assert preview.status == ""
    finally:
        preview.stop()
        playing.kill()
    assert preview.join(PATIENCE)
    assert preview.level == Level()


def test_a_preview_that_cannot_open_says_why(virtual_microphone: VirtualMicrophone) -> None:
    preview = LevelPreview(lambda: Microphone("Guitar"))
    assert preview.join(PATIENCE)
    assert "no microphone “Guitar”" in preview.status
    assert preview.level == Level()
