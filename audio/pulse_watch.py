"""Watches over what the sound server feeds us: it moves a recording to another source without a word."""

from __future__ import annotations

import os
import select
import subprocess
import threading

from audio.device import Condition
from audio.pulse import pulse_feed, pulse_sources

PAUSE_SECONDS = 0.1  # between two looks: a volume control that is dragged sends hundreds of events
LISTEN_SECONDS = 0.5  # how long a stop may go unnoticed
ANEW_SECONDS = 0.5  # until a server that went away is asked again


class PulseWatch:
    """Asks only when the server says that something has changed, in a thread of its own.

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
            command = ["pactl", "subscribe"]
            with subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as events:
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
            said = os.read(events.stdout.fileno(), 65_536)
            if not said:
                return
            if b"source" in said:
                self._look()
                self._stopped.wait(PAUSE_SECONDS)

    def _look(self) -> None:
        sources = pulse_sources()
        feed = pulse_feed(os.getpid())
        feeding = next((source for source in sources if source.index == feed), None)
        if feeding is None:
            return  # nothing is recorded, or the server does not answer: what was known may still be so
        elsewhere = bool(self._source) and feeding.name != self._source
        self.condition = Condition(
            muted=feeding.muted,
            suspended=feeding.suspended,
            fed_by=feeding.description if elsewhere else "",
            gone=elsewhere and all(source.name != self._source for source in sources),
        )
