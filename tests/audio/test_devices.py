"""Choosing a microphone, and every way of not having one: one sentence each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from ctypes.util import find_library
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audio import AudioError, Microphone, NoAudioSystem, input_devices, system_sound_help
from audio.devices import InputDevice, choose_device
from audio.pulse import PulseSource
from audio.source import NoMicrophone
from tests.own_process import run_python

HANGS = 60.0  # seconds; nobody may wait for what does not answer

DEVICES = [
    InputDevice(0, "Webcam", "ALSA", 2, 48_000, is_default=False),
    InputDevice(3, "Studio Left", "ALSA", 1, 44_100, is_default=True),
    InputDevice(4, "Studio Right", "ALSA", 1, 44_100, is_default=False),
]


@pytest.mark.parametrize(
    ("wanted", "index"), [(None, 3), ("Webcam", 0), ("webcam", 0), ("right", 4), (0, 0), ("studio left", 3)]
)
def test_a_device_is_chosen_by_name_part_of_it_or_index(wanted: str | int | None, index: int) -> None:
    assert choose_device(DEVICES, wanted).index == index


@pytest.mark.parametrize(
    ("devices", "wanted", "reason"),
    [
        ([], None, "No microphone was found"),
        ([], "Webcam", "No microphone was found"),
        (DEVICES, "Guitar", "no microphone “Guitar”: choose one of “Webcam”, “Studio Left”, “Studio Right”"),
        (DEVICES, 7, "no microphone “7”: choose one of “Webcam”"),
        (DEVICES, "studio", "More than one microphone matches “studio”: choose one of “Webcam”"),
    ],
)
def test_a_device_that_is_not_there_is_an_error_that_names_the_known_ones(
    devices: list[InputDevice], wanted: str | int | None, reason: str
) -> None:
    with pytest.raises(NoMicrophone, match=reason):
        choose_device(devices, wanted)


def test_without_portaudio_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(NoAudioSystem, match="PortAudio is not installed: install it"):
        input_devices()
    with pytest.raises(AudioError, match="open a file instead"):
        Microphone()


class FakePortAudioError(Exception):
    pass


def fake_sounddevice(
    monkeypatch: pytest.MonkeyPatch,
    sources: Sequence[PulseSource] = (),
    ways: Sequence[str] = ("pulse",),
    **changes: Any,
) -> None:
    """A PortAudio with one sound card and ways to a sound server, and whatever the test needs changed."""

    def device(index: int, name: str, channels: int, rate: float) -> dict[str, object]:
        return {
            "index": index,
            "name": name,
            "hostapi": 0,
            "max_input_channels": channels,
            "default_samplerate": rate,
        }

    card = device(0, "Card: USB (hw:1,0)", 4, 96_000.0)
    loudspeaker = device(1, "HDMI", 0, 44_100.0)
    servers = [device(2 + index, way, 32, 44_100.0) for index, way in enumerate(ways)]
    working = {
        "PortAudioError": FakePortAudioError,
        "default": SimpleNamespace(device=[2, 1]),
        "query_hostapis": lambda: ({"name": "ALSA"},),
        "query_devices": lambda: [card, loudspeaker, *servers],
    }
    monkeypatch.setitem(sys.modules, "sounddevice", SimpleNamespace(**working | changes))
    monkeypatch.setattr("audio.devices.pulse_sources", lambda: sources)


def test_a_card_is_taken_as_it_is_and_a_sound_server_at_its_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_sounddevice(monkeypatch)
    assert input_devices() == [
        InputDevice(0, "Card: USB (hw:1,0)", "ALSA", 4, 96_000, is_default=False),
        InputDevice(2, "pulse", "ALSA", 2, 48_000, is_default=True),
    ]


def test_a_sound_system_that_does_not_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise FakePortAudioError("Error initializing PortAudio: Host error", -9999)

    fake_sounddevice(monkeypatch, query_hostapis=broken)
    with pytest.raises(NoAudioSystem, match=r"does not start .*Host error"):
        input_devices()


def test_a_device_that_refuses_is_one_sentence_and_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    class Refusing:
        def __init__(self, **options: object) -> None:
            pass

        def start(self) -> None:
            raise FakePortAudioError("Error starting stream: Device unavailable", -9985)

        def close(self, ignore_errors: bool) -> None:
            closed.append(ignore_errors)

    fake_sounddevice(monkeypatch, InputStream=Refusing)
    with pytest.raises(NoMicrophone, match=r"“pulse” cannot be opened .*Device unavailable.*close other programs"):
        Microphone()
    assert closed == [True]


def test_the_sources_of_a_server_are_listed_by_name_in_place_of_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_sounddevice(monkeypatch, SOURCES, default=SimpleNamespace(device=[0, 1]))
    card, desk, monitor = input_devices()
    assert (card.name, card.is_default, card.through_server) == ("Card: USB (hw:1,0)", True, False)
    assert (desk.key, desk.label, desk.index, desk.channels, desk.sample_rate) == (
        "PulseAudio: alsa_input.usb",
        "Desk",
        2,
        2,
        44_100,
    )
    assert (monitor.label, monitor.is_system_sound, monitor.channels) == ("Monitor of HDMI (system sound)", True, 6)
    assert choose_device([card, desk, monitor], desk.key) == desk
    assert choose_device([card, desk, monitor], "hdmi.monitor") == monitor


SOURCES = [
    PulseSource(7, "alsa_input.usb", "Desk", 2, 44_100, is_monitor=False, muted=False, suspended=False),
    PulseSource(8, "hdmi.monitor", "Monitor of HDMI", 6, 48_000, is_monitor=True, muted=False, suspended=False),
]


@pytest.mark.parametrize(
    ("ways", "index"), [(("pipewire", "default"), 2), (("pipewire", "pulse", "default"), 3), (("default",), None)]
)
def test_sources_are_reached_by_the_plugin_that_there_is(
    ways: tuple[str, ...], index: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's GNOME has only PipeWire's; of both, PulseAudio's tells more of what happens."""
    fake_sounddevice(monkeypatch, SOURCES, ways)
    named = [device for device in input_devices() if device.source]
    assert {device.index for device in named} == ({index} if index else set())


@pytest.mark.parametrize(
    ("key", "target", "from_sink"),
    [("alsa_input.usb", "alsa_input.usb", False), ("hdmi.monitor", "hdmi", True), ("pipewire", None, None)],
)
def test_both_plugins_are_told_which_source_to_open_and_to_stay_with_it(
    key: str, target: str | None, from_sink: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, str]] = []

    class Watching(TakesOnly48000):
        def __init__(self, **options: Any) -> None:
            told.append({name: os.environ.get(name, "") for name in ("PULSE_SOURCE", "PULSE_PROP", "PIPEWIRE_ALSA")})

    ways = SimpleNamespace(device=[2, 1])
    fake_sounddevice(monkeypatch, SOURCES, ("pipewire",), InputStream=Watching, default=ways)
    monkeypatch.setattr("audio.microphone.has_pactl", lambda: False)
    monkeypatch.delenv("PIPEWIRE_ALSA", raising=False)
    monkeypatch.setenv("PULSE_PROP", "the=user's")
    Microphone(key).close()
    (environment,) = told
    wishes = json.loads(environment["PIPEWIRE_ALSA"])
    assert wishes.pop("application.process.id") == str(os.getpid())
    if target is None:
        assert (wishes, environment["PULSE_PROP"]) == ({}, "the=user's")
    else:
        assert wishes == {"target.object": target, "stream.capture.sink": from_sink, "node.dont-reconnect": True}
        assert (environment["PULSE_SOURCE"], environment["PULSE_PROP"]) == (key, "node.dont-reconnect=true")
    assert (os.environ.get("PULSE_PROP"), os.environ.get("PIPEWIRE_ALSA")) == ("the=user's", None)


@pytest.mark.parametrize(
    ("runs", "pactl", "said"),
    [
        (False, False, "a PulseAudio or PipeWire server must run"),  # ALSA or JACK only
        (True, False, "install pactl (Debian, Ubuntu, Fedora: pulseaudio-utils)"),
        (True, True, "libasound2-plugins, Fedora: alsa-plugins-pulseaudio"),  # Debian 13's KDE
    ],
)
def test_the_one_package_that_is_missing_is_named(
    runs: bool, pactl: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("audio.devices.server_runs", lambda: runs)
    monkeypatch.setattr("audio.devices.has_pactl", lambda: pactl)
    assert said in system_sound_help(DEVICES)


@pytest.mark.parametrize("host_api", ["ALSA", "JACK Audio Connection Kit"])
def test_without_a_sound_server_there_are_the_devices_that_there_are(
    host_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ALSA alone, JACK alone: heard as they are, and why there is no more is said."""
    default = SimpleNamespace(device=[0, 1])
    fake_sounddevice(monkeypatch, ways=(), default=default, query_hostapis=lambda: ({"name": host_api},))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("audio.devices.server_runs", lambda: False)
    (card,) = found = input_devices()
    assert (card.key, card.channels, card.through_server) == (f"{host_api}: Card: USB (hw:1,0)", 4, False)
    assert "a PulseAudio or PipeWire server must run" in system_sound_help(found)


def test_windows_loopback_inputs_are_system_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {
        "index": 4,
        "name": "Speakers (Realtek) [Loopback]",
        "hostapi": 0,
        "max_input_channels": 2,
        "default_samplerate": 48_000.0,
    }
    fake_sounddevice(monkeypatch, query_devices=lambda: [entry], query_hostapis=lambda: ({"name": "Windows WASAPI"},))
    (device,) = input_devices()
    assert device.is_system_sound
    assert device.key == "Windows WASAPI: Speakers (Realtek) [Loopback]"
    assert system_sound_help([device]) == ""


@pytest.mark.parametrize(
    ("platform", "server", "pactl", "said"),
    [
        ("darwin", False, False, "virtual audio device"),
        ("win32", False, False, "Stereo Mix"),
        ("linux", False, True, "a PulseAudio or PipeWire server must run"),
        ("linux", True, False, "install pactl"),
        ("linux", True, True, "libasound2-plugins"),
    ],
)
def test_how_to_hear_the_system_is_one_sentence_on_every_system(
    platform: str, server: bool, pactl: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("audio.devices.server_runs", lambda: server)
    monkeypatch.setattr("audio.devices.has_pactl", lambda: pactl)
    told = system_sound_help(DEVICES)
    assert said in told
    assert told.endswith(".")


class TakesOnly48000:
    """A stream that refuses every other rate."""

    def __init__(self, samplerate: int, **options: object) -> None:
        if samplerate != 48_000:
            raise FakePortAudioError("Error opening InputStream: Invalid sample rate", -9997)

    def start(self) -> None:
        """Nothing comes."""

    def abort(self, ignore_errors: bool) -> None:
        """It never ran."""

    def close(self, ignore_errors: bool) -> None:
        """Nothing to let go of."""


def test_a_device_that_refuses_its_own_rate_is_asked_for_a_common_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_sounddevice(monkeypatch, InputStream=TakesOnly48000)
    with Microphone("Card") as microphone:
        assert microphone.sample_rate == 48_000


def test_a_card_that_comes_back_under_another_number_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """PortAudio numbers its devices anew when it starts anew, and only then."""
    opened: list[Any] = []
    entry = {"index": 3, "name": "Card", "hostapi": 0, "max_input_channels": 1, "default_samplerate": 48_000.0}

    class Numbered(TakesOnly48000):
        def __init__(self, device: int, finished_callback: Callable[[], None], **options: Any) -> None:
            super().__init__(**options)
            opened.append((device, finished_callback))

    fake_sounddevice(
        monkeypatch,
        InputStream=Numbered,
        query_devices=lambda: [dict(entry)],
        default=SimpleNamespace(device=[3, -1]),
        _terminate=lambda: None,
        _initialize=lambda: entry.update(index=9),
    )
    with Microphone("Card") as microphone:
        opened[0][1]()
        deadline = time.monotonic() + HANGS
        while len(opened) < 2 and time.monotonic() < deadline:
            microphone.read(0.02)
        assert [device for device, _ in opened] == [3, 9]


def test_a_device_that_refuses_every_rate_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def __init__(self, **options: object) -> None:
            raise FakePortAudioError("Error opening InputStream: Invalid sample rate", -9997)

    fake_sounddevice(monkeypatch, InputStream=Refusing)
    with pytest.raises(NoMicrophone, match="neither at 96000 Hz nor 48000 Hz nor 44100 Hz: set another rate"):
        Microphone("Card")


def test_a_portaudio_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    fake_sounddevice(monkeypatch, query_hostapis=lambda: released.wait(HANGS))
    monkeypatch.setattr("audio.devices.SEARCH_SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises(NoAudioSystem, match="The sound server does not answer: restart it"):
        input_devices()
    assert time.monotonic() - began < HANGS / 2
    released.set()


def test_importing_the_package_loads_none_of_the_heavy_libraries() -> None:
    heavy = ["sounddevice", "soundfile", "librosa", "soxr", "av", "torch", "PySide6", "app", "model"]
    code = f"import sys, audio; print([name for name in {heavy} if name in sys.modules])"
    checkout = Path(__file__).resolve().parents[2]
    loaded = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.skipif(not find_library("portaudio") or not find_library("asound"), reason="needs PortAudio and ALSA")
def test_the_chatter_of_the_sound_libraries_does_not_reach_the_terminal() -> None:
    """ALSA says a line or more of each thing that it tries in vain, as here of a device that there is not; and
    PortAudio prints by the C library when a call fails.
    """
    code = (
        "import ctypes, os; from audio.portaudio import portaudio; os.dup2(1, 2)\n"
        "portaudio().submit(portaudio().load).result()\n"
        "alsa, opened = ctypes.CDLL('libasound.so.2'), ctypes.c_void_p()\n"
        "alsa.perror(b'Expression failed')\n"
        "print(alsa.snd_pcm_open(ctypes.byref(opened), b'nothing', 0, 0))"
    )
    assert run_python(code) == "-2"  # no such file or directory
