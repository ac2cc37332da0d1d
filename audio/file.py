"""Files as sources: as fast as they decode, or at live pace."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from audio.clock import Clock
from audio.decode import DecodedSource, decode_file
from audio.source import Block, Source, SourceAround, SourceState

LIVE_BLOCK = 1024  # samples: what a sound card would hand over at once


class FileSource(DecodedSource):
    """A sound file as fast as it can be decoded. Raises UnreadableFile, also from `read` where it cannot be read on.

    channel: the index of the one to use, None for the mean of all. track: see Decoder.
    duration: seconds as the file states it, None where it does not.
    """

    def __init__(self, path: str | Path, channel: int | None = None, track: int | None = None) -> None:
        self._open = partial(decode_file, path, channel, track)
        decoder = self._open()
        super().__init__(Path(path).name, decoder)
        self.duration = decoder.duration
        self._skipped = 0.0  # seconds of the file less those of the samples read: what seeks have left out

    @property
    def position(self) -> float:
        """Seconds into the file of the next sample that `read` gives."""
        return self._skipped + self._position / self.sample_rate

    def seek(self, seconds: float, unused: int = 0) -> None:
        """Go on from there; only in the reading thread. Samples are numbered on as if nothing happened; the last
        `unused` ones, which were read and not used, give their numbers back.
        """
        begin = max(0.0, seconds)
        self.close()
        self._samples = self._open(begin).blocks
        self._position -= unused
        self._skipped = begin - self._position / self.sample_rate


class LivePacedSource(SourceAround):
    """Another source's sound at live pace: a sample is given once its time since the first read has passed.

    Nothing is lost when the reader is late: what is due then comes at once. `speed` 2 is twice as fast,
    infinity does not wait at all.
    """

    def __init__(self, source: Source, speed: float = 1.0, clock: Clock | None = None) -> None:
        super().__init__(source)
        self._samples_per_second = source.sample_rate * speed
        self._clock = clock or Clock()
        self._began: float | None = None  # on the clock, moved on by every pause
        self._held = Block(np.zeros(0, np.float32), 0)
        self._closed = False

    def read(self, timeout: float) -> Block | None:
        """The next LIVE_BLOCK samples at most, when they are due; see Source.read."""
        clock = self._clock
        if self._began is None:
            self._began = clock.now()
        deadline = clock.now() + timeout
        if not len(self._held.samples):
            if (fetched := self._source.read(timeout)) is None:
                return None
            self._held = fetched
        samples, start, dropped = self._held.samples[:LIVE_BLOCK], self._held.start, self._held.dropped
        due = self._began + (start + len(samples)) / self._samples_per_second
        if due > deadline:
            clock.sleep(deadline - clock.now())
            return Block(np.zeros(0, np.float32), start)
        clock.sleep(due - clock.now())
        self._held = Block(self._held.samples[LIVE_BLOCK:], start + len(samples))
        return Block(samples, start, dropped)

    def _wait(self, seconds: float) -> Block:
        """Give nothing for so long; everything is due that much later."""
        before = self._clock.now()
        self._clock.sleep(seconds)
        if self._began is not None:
            self._began += self._clock.now() - before
        return Block(np.zeros(0, np.float32), self._held.start)

    def close(self) -> None:
        """Close the other source; nothing more comes."""
        self._closed = True
        self._held = Block(np.zeros(0, np.float32), self._held.start)
        super().close()


class FilePlayer(LivePacedSource):
    """A file at live pace that can be paused and played from any place; any thread may do that, while one reads.

    Samples are numbered as they are read: neither a pause nor a seek makes a gap. `duration` in seconds as
    the file states it, None where it does not. Raises UnreadableFile.
    """

    def __init__(
        self, path: str | Path, speed: float = 1.0, channel: int | None = None, clock: Clock | None = None
    ) -> None:
        self._file = FileSource(path, channel)
        super().__init__(self._file, speed, clock)
        self._wished: float | None = None  # seconds into the file
        self._jumps = 0
        self.paused = False
        self.duration = self._file.duration

    @property
    def state(self) -> SourceState:
        return "paused" if self.paused else "listening"

    @property
    def jumps(self) -> int:
        return self._jumps

    @property
    def position(self) -> float:
        """Seconds into the file of what comes next."""
        wished = self._wished
        return wished if wished is not None else self._file.position - len(self._held.samples) / self.sample_rate

    def seek(self, seconds: float) -> None:
        """Go on from there with the next read; at most to the end, after which nothing comes."""
        self._wished = max(0.0, seconds)

    def read(self, timeout: float) -> Block | None:
        """See LivePacedSource.read; nothing while it is paused."""
        wished = self._wished
        if wished is not None and not self._closed:
            self._file.seek(wished, unused=len(self._held.samples))
            self._jumps += 1
            self._held = Block(np.zeros(0, np.float32), self._held.start)
            if self._wished == wished:  # or another thread has wished again meanwhile
                self._wished = None
        return self._wait(timeout) if self.paused and not self._closed else super().read(timeout)
