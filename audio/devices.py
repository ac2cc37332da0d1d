"""Which input devices there are, as PortAudio tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audio.errors import NoAudioSystem

SOUND_SERVER_RATE = 48_000  # Hz, what PulseAudio and PipeWire run at unless told otherwise


@dataclass(frozen=True, slots=True)
class InputDevice:
    """One way to capture sound."""

    index: int  # PortAudio's, valid until the next refresh
    name: str
    host_api: str
    channels: int
    sample_rate: int  # Hz, the device's own
    is_default: bool


def load_sounddevice() -> Any:
    """The sounddevice module, imported when it is first needed. Raises NoAudioSystem where PortAudio is
    missing.
    """
    try:
        import sounddevice
    except OSError as error:
        raise NoAudioSystem(
            "No microphone can be used because PortAudio is not installed: install it (on Debian or Ubuntu: "
            "sudo apt-get install libportaudio2) and start again, or open a file instead."
        ) from error
    return sounddevice


def input_devices(refresh: bool = False) -> list[InputDevice]:
    """Every device with an input, in PortAudio's order; the list is empty where there is none.

    PortAudio looks for devices once, when it starts. `refresh` starts it anew (40 ms), which finds devices
    plugged in since and ends every open stream: only for when no microphone is listening. Raises
    NoAudioSystem.
    """
    sounddevice = load_sounddevice()
    try:
        if refresh:
            sounddevice._terminate()
            sounddevice._initialize()
        host_apis = sounddevice.query_hostapis()
        default_index = sounddevice.default.device[0]
        return [
            _input_device(entry, host_apis[entry["hostapi"]]["name"], default_index)
            for entry in sounddevice.query_devices()
            if entry["max_input_channels"] > 0
        ]
    except sounddevice.PortAudioError as error:
        raise NoAudioSystem(
            f"The system's sound does not start ({error.args[0]}): check the sound settings, or open a file instead."
        ) from error


def _input_device(entry: dict[str, Any], host_api: str, default_index: int) -> InputDevice:
    channels, sample_rate = entry["max_input_channels"], round(entry["default_samplerate"])
    if host_api == "ALSA" and "(hw:" not in entry["name"]:
        # Not a device but a way to the sound server. It accepts any format and PortAudio then reports 32
        # channels and 44 100 Hz, which are nobody's own: asking for them would make the server convert.
        channels, sample_rate = min(channels, 2), SOUND_SERVER_RATE
    return InputDevice(
        index=entry["index"],
        name=entry["name"],
        host_api=host_api,
        channels=channels,
        sample_rate=sample_rate,
        is_default=entry["index"] == default_index,
    )
