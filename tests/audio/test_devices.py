"""Choosing a microphone, and every way of not having one: one sentence each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from audio import AudioError, InputDevice, Microphone, NoAudioSystem, NoMicrophone, input_devices
from audio.devices import choose_device

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


def fake_sounddevice(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """A PortAudio with one sound card and one way to a sound server, and whatever the test needs changed."""

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
    server = device(2, "pulse", 32, 44_100.0)
    working = {
        "PortAudioError": FakePortAudioError,
        "default": SimpleNamespace(device=[2, 1]),
        "query_hostapis": lambda: ({"name": "ALSA"},),
        "query_devices": lambda: [card, loudspeaker, server],
    }
    monkeypatch.setitem(sys.modules, "sounddevice", SimpleNamespace(**working | changes))


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


def test_importing_the_package_loads_none_of_the_heavy_libraries() -> None:
    heavy = ["sounddevice", "soundfile", "librosa", "soxr", "av", "torch", "PySide6", "app", "model"]
    code = f"import sys, audio; print([name for name in {heavy} if name in sys.modules])"
    checkout = Path(__file__).resolve().parents[2]
    loaded = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
