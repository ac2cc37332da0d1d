"""What computes log-mel frames: numpy, and one compiled function from the moment it is there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audio.logmel_tables import WORK_LENGTH, LogMelTables, log_mel_tables

Samples = NDArray[np.float32]
# audio.logmel_loops.log_mel_frames, compiled.
LogMelLoops = Callable[[Samples, NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], Samples], None]


class CompiledFrames:
    """For one stream: its working space goes with it, so that streams of several threads do not touch."""

    def __init__(self, loops: LogMelLoops, tables: LogMelTables) -> None:
        self._loops, self._tables = loops, tables
        self._work = np.empty(WORK_LENGTH)

    def __call__(self, samples: Samples, frames: Samples) -> None:
        """samples from the first one of the first frame on -> frames (T, BANDS) dB."""
        self._loops(samples, self._tables.numbers, self._tables.places, self._work, frames)


class FrontEnd:
    """May be shared by any number of streams; each goes on without a gap when the compiled function comes."""

    def __init__(self) -> None:
        self._compiled: tuple[LogMelLoops, LogMelTables] | None = None

    @property
    def name(self) -> str:
        """What computes from the next frame on: "numpy" or "compiled"."""
        return "numpy" if self._compiled is None else "compiled"

    def take_over(self, loops: LogMelLoops) -> None:
        """Any thread may say so, at any time."""
        self._compiled = loops, log_mel_tables()

    def compiled_frames(self) -> CompiledFrames | None:
        """For a new stream, or for one that has had none."""
        compiled = self._compiled
        return None if compiled is None else CompiledFrames(*compiled)
