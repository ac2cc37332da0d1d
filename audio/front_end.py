"""What computes the front end: numpy, and compiled functions from the moment they are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audio.logmel_tables import WORK_LENGTH, LogMelTables, log_mel_tables

Samples = NDArray[np.float32]


class Loops(NamedTuple):
    """The compiled functions of the files of this package that end in _loops.py."""

    log_mel: Callable[[Samples, NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], Samples], None]
    halve: Callable[[Samples, Samples, int, Samples, Samples, Samples], None]
    interpolate: Callable[[Samples, Samples, int, int, Samples], None]
    copy: Callable[[Samples, Samples], None]
    count_invalid: Callable[[Samples], int]


class CompiledFrames:
    """For one stream: its working space goes with it, so that streams of several threads do not touch."""

    def __init__(self, loops: Loops, tables: LogMelTables) -> None:
        self._loops, self._tables = loops.log_mel, tables
        self._work = np.empty(WORK_LENGTH)

    def __call__(self, samples: Samples, frames: Samples) -> None:
        """samples from the first one of the first frame on -> frames (T, BANDS) dB."""
        self._loops(samples, self._tables.numbers, self._tables.places, self._work, frames)


class CompiledHalving:
    """The half-band filter for one stream: these taps, and outputs in blocks of `block`."""

    def __init__(self, loops: Loops, taps: Samples, block: int) -> None:
        self._loops, self._taps, self._block = loops.halve, taps, block
        self._odd, self._sums = np.empty(block + len(taps) - 1, np.float32), np.empty(block, np.float32)

    def __call__(self, samples: Samples, outputs: Samples) -> None:
        """samples from the first neighbour of the first output on -> outputs, a whole number of blocks."""
        self._loops(samples, self._taps, self._block, self._odd, self._sums, outputs)


class FrontEnd:
    """May be shared by any number of streams; each goes on without a gap when the compiled functions come."""

    def __init__(self) -> None:
        self._compiled: tuple[Loops, LogMelTables] | None = None

    @property
    def name(self) -> str:
        """What computes from the next frame on: "numpy" or "compiled"."""
        return "numpy" if self._compiled is None else "compiled"

    @property
    def loops(self) -> Loops | None:
        """None as long as numpy computes."""
        return None if self._compiled is None else self._compiled[0]

    def take_over(self, loops: Loops) -> None:
        """Any thread may say so, at any time."""
        self._compiled = loops, log_mel_tables()

    def compiled_frames(self) -> CompiledFrames | None:
        """For a new stream, or for one that has had none."""
        compiled = self._compiled
        return None if compiled is None else CompiledFrames(*compiled)

    def compiled_halving(self, taps: Samples, block: int) -> CompiledHalving | None:
        """The same for the half-band filter."""
        compiled = self._compiled
        return None if compiled is None else CompiledHalving(compiled[0], taps, block)

    def copy(self, samples: Samples, place: Samples) -> None:
        """place (n,) = samples (n,), which may overlap with it if they lie behind it."""
        loops = self._loops_for(samples)
        if loops is None:
            place[:] = samples
        else:
            loops.copy(samples, place)

    def count_invalid(self, samples: Samples) -> int:
        """How many are NaN or infinite."""
        loops = self._loops_for(samples)
        if loops is None:
            return len(samples) - int(np.count_nonzero(np.isfinite(samples)))
        return loops.count_invalid(samples)

    def _loops_for(self, samples: Samples) -> Loops | None:
        """None where numpy is to do it: functions are compiled for contiguous arrays that may be written."""
        return self.loops if samples.flags.carray else None
