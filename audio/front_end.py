"""The front end: what a log-mel frame is, in numbers, what computes it, and the buffer that its parts share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 22_050  # Hz, mono
FFT_LENGTH = 2048  # samples under one frame's window, 93 ms
HOP = 1708  # samples from one frame to the next: the mean frame spacing of the training data
BANK_BANDS = 128  # Slaney mel bands from 0 Hz to SAMPLE_RATE / 2, as librosa has them by default
BANDS = 120  # of them the lowest, to 8.9 kHz: records roll off above that, and live sources do not
FLOOR_POWER = 1e-10  # the quietest band power told apart: -100 dB
# Full scale is 1. Files whose integers were written as floats without being scaled reach this, with 32 bits, and are
# heard as they are meant; what is louder is no sound: a damaged file, or memory that nobody has filled.
LOUDEST = 2.0**31
FRAME_SECONDS = HOP / SAMPLE_RATE  # 77.5 ms, the time budget of one frame

assert HOP < FFT_LENGTH, "frames overlap: the streaming buffer keeps the last FFT_LENGTH - HOP samples"

Samples = NDArray[np.float32]
Doubles = NDArray[np.float64]


class Loops(NamedTuple):
    """The compiled functions of audio/loops.py."""

    log_mel: Callable[[Samples, Doubles, NDArray[np.int64], Doubles, Samples], None]
    halve: Callable[[Samples, Samples, int, Samples, Samples, Samples], None]
    interpolate: Callable[[Samples, Samples, int, int, Samples], None]
    copy: Callable[[Samples, Samples], None]
    count_invalid: Callable[[Samples], int]


@dataclass(eq=False)
class FrontEnd:
    """numpy, until compiled functions take over. Any number of streams may share it; none has a gap then.

    loops: None as long as numpy computes; may be set by any thread, at any time.
    """

    loops: Loops | None = None

    @property
    def name(self) -> str:
        """What computes from the next frame on: "numpy" or "compiled"."""
        return "numpy" if self.loops is None else "compiled"

    def copy(self, samples: Samples, place: Samples) -> None:
        """place (n,) = samples (n,), which may overlap with it if they lie behind it."""
        loops = self._loops_for(samples)
        if loops is None:
            place[:] = samples
        else:
            loops.copy(samples, place)

    def count_invalid(self, samples: Samples) -> int:
        """How many are NaN, infinite or louder than LOUDEST."""
        loops = self._loops_for(samples)
        if loops is None:
            return len(samples) - int(np.count_nonzero(np.abs(samples) <= LOUDEST))
        return loops.count_invalid(samples)

    def _loops_for(self, samples: Samples) -> Loops | None:
        """None where numpy must do it: the loops are compiled for contiguous, writable arrays."""
        return self.loops if samples.flags.carray else None


def silence_invalid(samples: Samples) -> Samples:
    """(n,) samples, with zeros for those that are NaN, infinite or louder than LOUDEST."""
    return np.where(np.abs(samples) <= LOUDEST, samples, np.float32(0))


class SampleBuffer:
    """Contiguous samples: appended at the end, dropped from the beginning.

    There is room for `capacity`, and memory grows only where more wait. `front_end` copies: numpy would release the
    GIL in every copy of some size, which a busy window then keeps for a while.
    """

    def __init__(self, capacity: int, front_end: FrontEnd) -> None:
        self._memory = np.zeros(capacity, np.float32)
        self._first = self._end = 0
        self._front_end = front_end

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def samples(self) -> Samples:
        """(len(self),) the oldest first: a view, good until something is appended."""
        return self._memory[self._first : self._end]

    def append(self, samples: Samples) -> None:
        """Take a copy of (n,) float32 samples."""
        if self._end + len(samples) > len(self._memory):
            waiting = self.samples
            if len(waiting) + len(samples) > len(self._memory):
                self._memory = np.zeros(len(waiting) + len(samples), np.float32)
            self._front_end.copy(waiting, self._memory[: len(waiting)])
            self._first, self._end = 0, len(waiting)
        end = self._end + len(samples)
        self._front_end.copy(samples, self._memory[self._end : end])
        self._end = end

    def drop(self, count: int) -> None:
        """Remove the oldest `count` samples."""
        self._first += count
        if self._first == self._end:
            self._first = self._end = 0
