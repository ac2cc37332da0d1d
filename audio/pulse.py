"""The sources of PulseAudio, or PipeWire in its place, and which of them feeds our recording.

PortAudio sees such a server as a single device. It is asked through the program pactl, since a process can be killed
when a frozen server does not answer: the library pulsectl would block in a call, or spend its whole timeout on every
connection.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import threading
from dataclasses import dataclass
from typing import Any

from audio.source import NoAnswer
from audio.watchdog import Condition

ANSWER_SECONDS = 2.0  # a frozen server never answers
PAUSE_SECONDS = 0.1  # between two looks: a volume control that is dragged sends hundreds of events
LISTEN_SECONDS = 0.5  # how long a stop may go unnoticed
ANEW_SECONDS = 0.5  # until a server that went away is asked again


@dataclass(frozen=True, slots=True)
class PulseSource:
    """One source of the server."""

    index: int  # until it goes away
    name: str  # the server's, stable: alsa_input.usb-...
    description: str  # for people
    channels: int
    sample_rate: int  # Hz
    is_monitor: bool  # gives what a sink plays
    muted: bool
    suspended: bool


def pulse_sources() -> list[PulseSource]:
    """Every source, microphones before monitors; empty where there is no server or no pactl to ask. Raises NoAnswer."""
    listed = _ask("sources")
    return sorted((_source(entry) for entry in listed), key=lambda source: source.is_monitor)


def default_source() -> str:
    """The name of the source that the server gives to whoever asks for none; "" where that is not known.

    Raises NoAnswer.
    """
    info = _ask_for("info")
    return str(info.get("default_source_name", "")) if isinstance(info, dict) else ""


def has_pactl() -> bool:
    """Whether the server can be asked at all."""
    return shutil.which("pactl") is not None


def server_runs() -> bool:
    """Whether there is a server to ask, as far as that shows without pactl."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return "PULSE_SERVER" in os.environ or (bool(folder) and os.path.exists(os.path.join(folder, "pulse", "native")))


def _ask(what: str) -> list[dict[str, Any]]:
    answer = _ask_for("list", what)
    return answer if isinstance(answer, list) else []


def _ask_for(*what: str) -> object:
    """None where there is nobody to ask. Raises NoAnswer."""
    if not has_pactl():
        return None
    # In another locale pactl writes decimal commas, which are no JSON.
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    command = ["pactl", "--format=json", *what]
    try:
        asked = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWER_SECONDS, env=environment
        )
        return json.loads(asked.stdout) if asked.returncode == 0 else None
    except subprocess.TimeoutExpired:
        raise NoAnswer from None
    except ValueError:
        return None  # an old pactl that knows no JSON


def _source(entry: dict[str, Any]) -> PulseSource:
    _, channels, rate = entry["sample_specification"].split()  # "s16le 2ch 44100Hz"
    return PulseSource(
        index=int(entry["index"]),
        name=entry["name"],
        description=entry.get("description") or entry["name"],
        channels=int(channels.removesuffix("ch")),
        sample_rate=int(rate.removesuffix("Hz")),
        is_monitor=bool(entry.get("monitor_source")),
        muted=bool(entry["mute"]),
        suspended=entry["state"] == "SUSPENDED",
    )


class PulseWatch:
    """Watches what the server feeds us, in a thread of its own: it moves a recording to another source silently.

    Asks only when the server says that something has changed.

    source: the server's name of the chosen source; "" to follow the server's default wherever it goes.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._stopped = threading.Event()
        self.condition = Condition()
        threading.Thread(target=self._run, name="sound server watch", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer; returns at once."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            nothing = subprocess.DEVNULL
            command = ["pactl", "subscribe"]
            with subprocess.Popen(command, stdin=nothing, stdout=subprocess.PIPE, stderr=nothing) as events:
                try:
                    self._follow(events)
                finally:
                    events.kill()
            self._stopped.wait(ANEW_SECONDS)

    def _follow(self, events: subprocess.Popen[bytes]) -> None:
        assert events.stdout is not None
        self._look()
        while not self._stopped.is_set():
            ready, _, _ = select.select([events.stdout], [], [], LISTEN_SECONDS)
            if not ready:
                continue
            told = os.read(events.stdout.fileno(), 65_536)
            if not told:
                return
            if b"source" in told:
                self._look()
                self._stopped.wait(PAUSE_SECONDS)

    def _look(self) -> None:
        try:
            sources = {source.index: source for source in pulse_sources()}
            ours = [
                (int(entry["index"]), int(entry["source"]))
                for entry in _ask("source-outputs")
                if entry.get("properties", {}).get("application.process.id") == str(os.getpid())
            ]
        except NoAnswer:
            return  # what was known may still be so
        if not sources or not ours:
            return
        feeding = sources.get(max(ours)[1])  # of our newest recording; PipeWire lets one be fed by none
        gone = bool(self._source) and all(source.name != self._source for source in sources.values())
        if feeding is None:
            self.condition = Condition(gone=gone)
            return
        elsewhere = bool(self._source) and feeding.name != self._source
        self.condition = Condition(
            muted=feeding.muted,
            suspended=feeding.suspended,
            fed_by=feeding.description if elsewhere else "",
            gone=gone,
        )
