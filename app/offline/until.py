"""A source that is heard for a given time only."""

from __future__ import annotations

import time

from audio import Block, Source
from audio.source import ClosesOnExit


class Until(ClosesOnExit):
    """Another source until `end` on time.monotonic's clock; None for no end. Closes it when it is closed."""

    def __init__(self, source: Source, end: float | None) -> None:
        self._source = source
        self._end = end
        self.name = source.name
        self.sample_rate = source.sample_rate

    @property
    def status(self) -> str:
        """The other source's."""
        return self._source.status

    def read(self, timeout: float) -> Block | None:
        """See Source.read."""
        if self._end is not None and time.monotonic() >= self._end:
            return None
        return self._source.read(timeout)

    def close(self) -> None:
        self._source.close()
