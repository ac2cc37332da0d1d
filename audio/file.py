"""Files as sources: as fast as they decode, or at the pace at which they would be heard."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from audio.decode import decode_blocks
from audio.source import Block, ClosesOnExit, Source

LIVE_BLOCK = 1024  # samples: what a sound card would hand over at once


class FileSource(ClosesOnExit):
    """A sound file as fast as it can be decoded. Raises UnreadableFile, also from `read` if it is damaged
    later on.

    duration: seconds as the file states it, None where it does not.
    """

    status = ""

    def __init__(self, path: str | Path) -> None:
        self._decoded = decode_blocks(path)
        self._position = 0
        self.name = Path(path).name
        self.sample_rate = self._decoded.sample_rate
        self.duration = self._decoded.duration

    def read(self, timeout: float) -> Block | None:
        """The next samples, None after the last; never waits."""
        samples = next(self._decoded, None)
        if samples is None:
            return None
        block = Block(samples, self._position)
        self._position += len(samples)
        return block

    def close(self) -> None:
        """Let go of the file."""
        self._decoded.close()


class LivePacedSource(ClosesOnExit):
    """Another source's sound at live pace: a sample is given once its time since the first read has passed.

    Nothing is lost when the reader is late: what is due then comes at once. `speed` 2 is twice as fast,
    infinity does not wait at all. Closes the other source when it is closed.
    """

    def __init__(self, source: Source, speed: float = 1.0) -> None:
        self._source = source
        self._samples_per_second = source.sample_rate * speed
        self._began: float | None = None  # on time.monotonic's clock
        self._held = Block(np.zeros(0, np.float32), 0)
        self.name = source.name
        self.sample_rate = source.sample_rate

    @property
    def status(self) -> str:
        """The other source's."""
        return self._source.status

    def read(self, timeout: float) -> Block | None:
        """The next LIVE_BLOCK samples at most, when they are due; see Source.read."""
        if self._began is None:
            self._began = time.monotonic()
        deadline = time.monotonic() + timeout
        if not len(self._held.samples):
            fetched = self._source.read(timeout)
            if fetched is None:
                return None
            self._held = fetched
        samples, start, dropped = self._held.samples[:LIVE_BLOCK], self._held.start, self._held.dropped
        due = self._began + (start + len(samples)) / self._samples_per_second
        if due > deadline:
            time.sleep(max(0.0, deadline - time.monotonic()))
            return Block(np.zeros(0, np.float32), start)
        time.sleep(max(0.0, due - time.monotonic()))
        self._held = Block(self._held.samples[LIVE_BLOCK:], start + len(samples))
        return Block(samples, start, dropped)

    def close(self) -> None:
        """Let go of the other source; nothing more comes."""
        self._held = Block(np.zeros(0, np.float32), self._held.start)
        self._source.close()
