"""Plays a source aloud: files and made music, which would otherwise be silent."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.front_end import silence_invalid
from audio.portaudio import portaudio
from audio.source import AudioError, Block, Source, SourceAround

AHEAD_SECONDS = 0.15  # how much is collected before the first sound: blocks come unevenly
BEHIND_SECONDS = 0.6  # more than this is never kept: sound must not lag behind the picture
GONE_SECONDS = 4.0  # a device that asks for no sound for so long has lost its sound server

log = logging.getLogger(__name__)


class Speaker:
    """Opens the default output; where there is none it stays silent, and a log line says why.

    It never blocks: it is opened, and closed, in PortAudio's thread. Whoever has one plays on, be it nothing: a device
    whose sound server has gone is then opened anew. PortAudio would begin its stream again and again after 45 s, and
    PipeWire's way there would take 200 MB each second.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._waiting: deque[NDArray[np.float32]] = deque()
        self._begun = False
        self._lock = threading.Lock()
        self._stream: Any = None
        self._closed = False
        self._asked = math.inf  # when the device last wanted sound, by the monotonic clock; inf before it ever did
        self._silent_because = ""  # what the log says
        self._opening = portaudio().submit(self._open)

    def play(self, samples: NDArray[np.float32]) -> None:
        """Play (n,) samples after those before; too much of what waits is left out, oldest first."""
        if self._closed:
            return
        if time.monotonic() - self._asked > GONE_SECONDS and self._opening.done():
            self._asked = time.monotonic()
            self._opening = portaudio().submit(self._reopen)
        if not len(samples):
            return
        with self._lock:
            self._waiting.append(np.clip(silence_invalid(samples), -1.0, 1.0))
            while self._seconds > BEHIND_SECONDS and len(self._waiting) > 1:
                self._waiting.popleft()

    def close(self) -> None:
        """Fall silent at once; returns before the device is free."""
        self._closed = True
        with self._lock:
            self._waiting.clear()
        portaudio().submit(self._close)

    def fill(self, out: NDArray[np.float32]) -> None:
        """Fill (n, channels) with what waits, and with silence behind it. For the callback."""
        out.fill(0.0)
        self._asked = time.monotonic()
        with self._lock:
            if not self._begun and self._seconds < AHEAD_SECONDS:
                return
            filled = 0
            while self._waiting and filled < len(out):
                block = self._waiting.popleft()
                part = block[: len(out) - filled]
                out[filled : filled + len(part)] = part[:, None]
                filled += len(part)
                if len(part) < len(block):
                    self._waiting.appendleft(block[len(part) :])
            # After a pause it collects again, or every block would be followed by a hole.
            self._begun = filled == len(out)

    @property
    def _seconds(self) -> float:
        """How much waits."""
        return sum(map(len, self._waiting)) / self.sample_rate

    def _reopen(self) -> None:
        self._close()
        self._open()

    def _open(self) -> None:
        if self._closed:
            return
        try:
            sounddevice = portaudio().load()
        except AudioError as error:
            self._explain(error)
            return
        stream = None
        try:
            stream = sounddevice.OutputStream(
                samplerate=self.sample_rate, channels=2, dtype="float32", callback=lambda out, *_: self.fill(out)
            )
            stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            self._explain(error)
            if stream is not None:
                stream.close(ignore_errors=True)
            return
        self._stream = stream
        portaudio().open_streams.add(self)

    def _explain(self, error: Exception) -> None:
        because, before = str(error), self._silent_because
        self._silent_because = because
        if because != before:  # it is tried again and again
            log.info("nothing is played aloud: %s", because)

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)
        portaudio().open_streams.discard(self)


class PlayedAloud(SourceAround):
    """Another source, whose sound the speaker plays while it is read."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._speaker = Speaker(source.sample_rate)

    def read(self, timeout: float) -> Block | None:
        block = self._source.read(timeout)
        if block is not None:
            self._speaker.play(block.samples)
        return block

    def close(self) -> None:
        """Fall silent; the other source is closed too."""
        self._speaker.close()
        super().close()
