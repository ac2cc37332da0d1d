"""Answers for light and visuals software: Open Sound Control over UDP, one bundle for each frame.

docs/osc.md has the addresses. Whoever answers frames only puts the newest answer down: a thread of its own finds the
host, packs and sends, so that neither a name that is looked up nor a network that is gone delays a frame.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from app.live.verdict import Judge

HIGHEST_RATE = 20.0  # a second; frames come 12.9 times, and those that were late are not sent all at once
SLOWEST, FASTEST = 0.1, 1000.0  # that can be asked for
STALE_SECONDS = 1.0  # without a frame, after which the receiver is told that nothing is live
RETRY_SECONDS = 5.0  # until a host that was not found is looked for again
REFUSED_SECONDS = 1.0  # how long one refusal is told
CLOSING_SECONDS = 0.2
LOWEST_DBFS = -120.0  # not every receiver knows infinity

log = logging.getLogger(__name__)

Message = tuple[str, str | int | float]  # address and value
OVER: list[Message] = [("live", 0)]


class OscTarget(NamedTuple):
    """Where answers are sent, at most so many times a second."""

    host: str
    port: int
    rate: float = HIGHEST_RATE

    @classmethod
    def parse(cls, text: str, rate: float | None = None) -> OscTarget:
        """`lights.local:9000`, `[::1]:9000`. Raises ValueError, one sentence, also where python-osc is missing."""
        rate = HIGHEST_RATE if rate is None else rate
        found = re.fullmatch(r"(\[[^\[\]\s]+\]|[^\[\]:\s/@]+):([0-9]{1,5})", text.strip())
        if found is None or not 1 <= int(found[2]) <= 65_535:
            raise ValueError(f"{text!r} is no address for OSC: write HOST:PORT, like 127.0.0.1:9000")
        if not SLOWEST <= rate <= FASTEST:
            raise ValueError(f"OSC cannot be sent {rate:g} times a second: give {SLOWEST:g} to {FASTEST:g}")
        try:
            import pythonosc  # noqa: F401 - an extra: it may not be there
        except ImportError:
            raise ValueError("python-osc is not installed: pip install 'nystream[osc]'") from None
        return cls(found[1].strip("[]"), int(found[2]), rate)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class OscSender:
    """Sends from now on until it is closed: always the newest answer, never more often than the target says.

    status: "" while all is well, else one sentence.
    """

    def __init__(self, target: OscTarget, genres: Sequence[str]) -> None:
        self.target, self.status = target, ""
        self._genres = genres
        self._judge = Judge()
        self._newest: list[Message] = []
        self._fresh, self._closed = threading.Event(), threading.Event()
        self._refused = -REFUSED_SECONDS
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)
        self._thread.start()

    def push(self, smoothed: NDArray[np.floating], unsure: bool, level_dbfs: float) -> None:
        """(genres,) the present answer after a frame, whether it is unsure, and the frame's level. Never waits."""
        verdict = self._judge.judge(smoothed, unsure, level_dbfs)
        second, first = (int(place) for place in np.argsort(smoothed)[-2:])
        self._newest = [
            ("live", 1),
            ("genre", self._genres[first]),
            ("probability", float(smoothed[first])),
            ("margin", float(smoothed[first] - smoothed[second])),
            ("unsure", int(unsure)),
            ("verdict", "silence" if verdict.kind == "zeros" else verdict.kind),
            ("level", max(float(level_dbfs), LOWEST_DBFS)),
            *((f"genres/{quote(name, safe='')}", float(smoothed[at])) for at, name in enumerate(self._genres)),
        ]
        self._fresh.set()

    def close(self) -> None:
        """Send nothing more; the receiver is told so."""
        self._closed.set()
        self._fresh.set()
        self._thread.join(CLOSING_SECONDS)

    def _run(self) -> None:
        place, is_live = None, False
        while not self._closed.is_set() and (place := self._connect()) is None:
            self._closed.wait(RETRY_SECONDS)
        if place is None:
            return
        with place:
            while not self._closed.is_set():
                if self._fresh.wait(STALE_SECONDS) and not self._closed.is_set():
                    self._fresh.clear()
                    self._send(place, self._newest)
                    is_live = True
                    self._closed.wait(1.0 / self.target.rate)
                elif is_live:
                    self._send(place, OVER)
                    is_live = False
            if is_live:
                self._send(place, OVER)

    def _connect(self) -> socket.socket | None:
        """Look the host up, once; UDP is connected so that it is told when nobody listens."""
        try:
            found = socket.getaddrinfo(self.target.host, self.target.port, type=socket.SOCK_DGRAM)
            *kind, _, address = found[0]
            place = socket.socket(*kind)
            place.setblocking(False)
            place.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            place.connect(address)
        except (OSError, UnicodeError) as error:  # a name may be no name at all
            self._say(f"OSC: {self.target} cannot be reached ({getattr(error, 'strerror', '') or error}): check it")
            return None
        self._say("")
        return place

    def _send(self, place: socket.socket, messages: Sequence[Message]) -> None:
        content = pack(messages)
        for _ in range(2):  # a refusal is of the bundle before, and this one was not sent
            try:
                place.send(content)
                break
            except ConnectionRefusedError:
                self._refused = time.monotonic()
            except OSError as error:
                self._say(f"OSC: {self.target} cannot be reached ({error.strerror}): check the network")
                return
        is_refused = time.monotonic() - self._refused < REFUSED_SECONDS
        self._say(f"OSC: nobody listens at {self.target}: start the receiving program" if is_refused else "")

    def _say(self, status: str) -> None:
        if status != self.status:
            self.status = status
            log.info("%s", status or f"OSC: sending to {self.target}")


def pack(messages: Sequence[Message]) -> bytes:
    """One bundle, to be acted on at once. Floats are of 32 bits, addresses begin with /nystream/."""
    from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
    from pythonosc.osc_message_builder import OscMessageBuilder

    bundle = OscBundleBuilder(IMMEDIATELY)
    for address, value in messages:
        message = OscMessageBuilder(f"/nystream/{address}")
        message.add_arg(value)
        bundle.add_content(message.build())
    return bytes(bundle.build().dgram)
