"""A source that is heard for a given time only."""

from __future__ import annotations

import time

from audio import Block, Source
from audio.source import SourceAround

SILENT_START_SECONDS = 5.0  # how long the first sound may be on its way without shortening what is heard


class Until(SourceAround):
    """Another source for `seconds` from its first sound on; None for no end."""

    def __init__(self, source: Source, seconds: float | None) -> None:
        super().__init__(source)
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + SILENT_START_SECONDS + seconds
        self._heard = False

    def read(self, timeout: float) -> Block | None:
        """See Source.read."""
        if self._end is not None and time.monotonic() >= self._end:
            return None
        block = self._source.read(timeout)
        if block is not None and len(block.samples) and not self._heard:
            self._heard = True
            self._end = None if self._seconds is None else time.monotonic() + self._seconds
        return block
