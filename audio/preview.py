"""A source heard for its level alone, before anybody listens to it in earnest."""

from __future__ import annotations

import threading
from collections.abc import Callable

from audio.errors import AudioError
from audio.meter import Level, LevelMeter
from audio.source import Source

READ_SECONDS = 0.1  # how long a stop may go unnoticed


class LevelPreview:
    """Opens the source in a thread of its own and meters it until `stop`. What is heard is kept nowhere."""

    def __init__(self, open_source: Callable[[], Source]) -> None:
        self._open_source = open_source
        self._source: Source | None = None
        self._meter: LevelMeter | None = None
        self._problem = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="level preview", daemon=True)
        self._thread.start()

    @property
    def level(self) -> Level:
        """The present one."""
        return Level() if self._meter is None else self._meter.level

    @property
    def status(self) -> str:
        """Empty when all is well, otherwise one sentence for the user."""
        return self._problem or ("" if self._source is None else self._source.status)

    def stop(self) -> None:
        """Hear no more; returns at once."""
        self._stopping.set()

    def join(self, timeout: float) -> bool:
        """Wait until the device is free; False when it is not after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with self._open_source() as source:
                meter = LevelMeter(source.sample_rate)
                self._source, self._meter = source, meter
                while not self._stopping.is_set() and (block := source.read(READ_SECONDS)) is not None:
                    meter.push(block.samples)
        except AudioError as error:
            self._problem = str(error)
        self._source = self._meter = None
