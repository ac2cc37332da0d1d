"""Which inputs there are: PortAudio's devices, and by name the sources of a sound server behind it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any

from audio.portaudio import portaudio
from audio.pulse import default_source, has_pactl, pulse_sources, server_runs
from audio.source import NoAudioSystem, NoMicrophone

SOUND_SERVER_RATE = 48_000  # Hz, what PulseAudio and PipeWire run at unless told otherwise
SEARCH_SECONDS = 5.0  # a sound server that takes longer does not answer
WAYS_TO_SOURCE = ("pulse", "pipewire")  # ALSA's names of a sound server that gives any of its sources; better one first
WAYS_TO_SERVER = ("default", *WAYS_TO_SOURCE)

# Another process looks for devices while this one listens: to look again PortAudio must end every stream.
SEARCH = """
import json, sounddevice
print(json.dumps([list(sounddevice.query_devices()), [api["name"] for api in sounddevice.query_hostapis()],
                  sounddevice.default.device[0]]))
"""


@dataclass(frozen=True, slots=True)
class InputDevice:
    """One way to capture sound."""

    index: int  # PortAudio's, valid until the next refresh
    name: str
    host_api: str
    channels: int
    sample_rate: int  # Hz, the device's own
    is_default: bool
    is_system_sound: bool = False  # what the computer plays, not what a microphone hears
    source: str = ""  # the sound server's own name of it, where it is one of a server's sources
    through_server: bool = False  # whether a sound server that can be asked stands before it
    stands_for: str = ""  # what a sound server's default is at present, where that is known

    @property
    def key(self) -> str:
        """What to remember it by: host API and name, which stay the same over restarts and replugging."""
        return f"{self.host_api}: {self.source or self.name}"

    @property
    def label(self) -> str:
        """For a list to choose from."""
        if self.is_system_sound:
            return f"{self.name} (system sound)"
        if self.host_api != "ALSA" or self.name != "default":
            return self.name
        return f"System default ({self.stands_for})" if self.stands_for else "System default"


def input_devices(refresh: bool = False) -> list[InputDevice]:
    """Every input; the list is empty where there is none. The sources of a sound server come first, its
    monitors (what the computer plays) among them.

    PortAudio looks for devices once, when it starts. `refresh` looks again, without disturbing an open stream.
    Raises NoAudioSystem, also when the sound server does not answer.
    """
    return portaudio().ask(lambda: devices_in_portaudio_thread(refresh), SEARCH_SECONDS)


def devices_in_portaudio_thread(refresh: bool) -> list[InputDevice]:
    """See `input_devices`; for callers in PortAudio's thread."""
    sounddevice = portaudio().load()
    try:
        if refresh and portaudio().open_streams:
            entries, host_apis, default_index = _search_in_another_process()
        else:
            if refresh:
                portaudio().generation += 1
                sounddevice._terminate()
                sounddevice._initialize()
            host_apis = [entry["name"] for entry in sounddevice.query_hostapis()]
            default_index = sounddevice.default.device[0]
            entries = list(sounddevice.query_devices())
    except sounddevice.PortAudioError as error:
        raise NoAudioSystem(
            f"The system's sound does not start ({error.args[0]}): check the sound settings, or open a file instead."
        ) from error
    inputs = [entry for entry in entries if entry["max_input_channels"] > 0]
    return _with_server_sources(
        [_input_device(entry, host_apis[entry["hostapi"]], entry["index"] == default_index) for entry in inputs]
    )


def _search_in_another_process() -> tuple[list[dict[str, Any]], list[str], int]:
    try:
        searched = subprocess.run(
            [sys.executable, "-c", SEARCH],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SEARCH_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise NoAudioSystem(
            "The sound server does not answer, so no other microphone can be looked for: restart it, or open a file "
            "instead."
        ) from error
    entries, host_apis, default_index = json.loads(searched.stdout)
    return entries, host_apis, default_index


def _input_device(entry: dict[str, Any], host_api: str, is_default: bool) -> InputDevice:
    channels, sample_rate = entry["max_input_channels"], round(entry["default_samplerate"])
    if host_api == "ALSA" and "(hw:" not in entry["name"]:
        # Not a device but a way to the sound server. It accepts any format and PortAudio then reports 32 channels and
        # 44 100 Hz, which are no device's own: asking for them would make the server convert.
        channels, sample_rate = min(channels, 2), SOUND_SERVER_RATE
    is_loopback = "[Loopback]" in entry["name"]  # PortAudio's word on Windows
    return InputDevice(entry["index"], entry["name"], host_api, channels, sample_rate, is_default, is_loopback)


def _with_server_sources(found: list[InputDevice]) -> list[InputDevice]:
    ways = [device for device in found if device.host_api == "ALSA" and device.name in WAYS_TO_SOURCE]
    way = min(ways, key=lambda device: WAYS_TO_SOURCE.index(device.name), default=None)
    sources = pulse_sources() if way is not None else []
    if way is None or not sources:
        return found
    named = [
        InputDevice(
            index=way.index,
            name=source.description,
            host_api="PulseAudio",
            channels=source.channels,
            sample_rate=source.sample_rate,
            is_default=False,
            is_system_sound=source.is_monitor,
            source=source.name,
            through_server=True,
        )
        for source in sources
    ]
    wanted = default_source()
    default = next((source.description for source in sources if source.name == wanted), "")
    # Of the ways to the server one is enough: the default, which follows the server's default source.
    others = [
        replace(device, through_server=True, stands_for=default) if device.name in WAYS_TO_SERVER else device
        for device in found
        if device.is_default or device.name not in WAYS_TO_SERVER
    ]
    return sorted([*named, *others], key=lambda device: not device.is_default)


def choose_device(devices: list[InputDevice], wanted: str | int | None) -> InputDevice:
    """The device that `wanted` means, see Microphone. Raises NoMicrophone, naming the known ones."""
    if not devices:
        raise NoMicrophone("No microphone was found: connect one and refresh the list, or open a file instead.")
    if wanted is None:
        return next((device for device in devices if device.is_default), devices[0])
    if isinstance(wanted, int):
        found = [device for device in devices if device.index == wanted and not device.source]
    else:
        said = wanted.casefold()
        found = [device for device in devices if wanted in (device.key, device.source)]
        found = found or [device for device in devices if device.name.casefold() == said]
        found = found or [device for device in devices if said in device.name.casefold()]
    known = ", ".join(f"“{device.name}”" for device in devices)
    if not found:
        raise NoMicrophone(f"There is no microphone “{wanted}”: choose one of {known}.")
    if len({device.name for device in found}) > 1:
        raise NoMicrophone(f"More than one microphone matches “{wanted}”: choose one of {known}.")
    return found[0]


def system_sound_help(devices: list[InputDevice]) -> str:
    """How to hear what the computer plays where the list does not offer it; empty where it does."""
    if any(device.is_system_sound for device in devices):
        return ""
    if sys.platform == "darwin":
        return (
            "To hear what this Mac plays, install a virtual audio device such as BlackHole, make it part of a "
            "multi-output device, and choose it here."
        )
    if sys.platform == "win32":
        return "To hear what this computer plays, enable “Stereo Mix” among the recording devices and refresh the list."
    if any(device.through_server for device in devices) or not server_runs():
        return "To hear what this computer plays, a PulseAudio or PipeWire server must run: start it and refresh."
    if not has_pactl():
        return (
            "To choose among microphones and to hear what this computer plays, install pactl (Debian, Ubuntu, Fedora: "
            "pulseaudio-utils) and refresh."
        )
    return (
        "To choose among microphones and to hear what this computer plays, install ALSA's way to the sound server "
        "(Debian and Ubuntu: libasound2-plugins, Fedora: alsa-plugins-pulseaudio) and start again."
    )
