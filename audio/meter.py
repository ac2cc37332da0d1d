"""How loud it is: peak and RMS in dBFS, and clipping; of a stream, or of a source opened only for its level."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.front_end import Samples, silence_invalid
from audio.source import AudioError, Source

WINDOW_SECONDS = 0.08  # of sound that one reading covers: less than a frame's window, so every frame has one
CLIP = 1.0 - 2.0**-15  # magnitude: the loudest value of 16-bit sound, and all beyond it
CLIP_RUN = 3  # samples that loud in a row: a single one may just touch the limit
CLIP_HELD_SECONDS = 2.0  # of sound; how long a clip is shown
READ_SECONDS = 0.1  # how long the stop of a preview may go unnoticed


@dataclass(frozen=True, slots=True)
class Level:
    """One reading of a meter; 0 dBFS is the loudest that fits, -inf is nothing at all."""

    rms_dbfs: float = -math.inf
    peak_dbfs: float = -math.inf
    clipping: bool = False  # within the last CLIP_HELD_SECONDS of sound


class LevelMeter:
    """Fed by one thread; `level` may be read by any, and is a new value with every window.

    The RMS is that of the samples less their mean over a window: an offset, as cheap converters have, is no sound, and
    the frames do not hear it either. Measured in samples, so that the block size does not matter. Samples that are no
    sound count as zeros.
    """

    def __init__(self, sample_rate: int) -> None:
        self._window = round(WINDOW_SECONDS * sample_rate)
        self._held = round(CLIP_HELD_SECONDS * sample_rate)
        self._begin_window()
        self._loud = np.zeros(CLIP_RUN - 1, bool)  # whether each of the last samples was at the limit
        self._since_clip = math.inf  # samples
        self._rate, self._zeros = sample_rate, 0  # samples since the last window that had any other
        self.level = Level()

    @property
    def zero_seconds(self) -> float:
        """For how long there have been only exact zeros, to a window."""
        return self._zeros / self._rate

    def push(self, samples: Samples) -> None:
        """(n,) samples."""
        while len(samples):
            part, samples = samples[: self._window - self._count], samples[self._window - self._count :]
            self._add(silence_invalid(part).astype(np.float64))

    def _begin_window(self) -> None:
        self._sum = self._squares = self._peak = 0.0
        self._count = 0

    def _add(self, samples: NDArray[np.float64]) -> None:
        magnitudes = np.abs(samples)
        self._sum += float(samples.sum())
        self._squares += float(np.dot(samples, samples))
        self._peak = max(self._peak, float(magnitudes.max()))
        self._count += len(magnitudes)
        self._since_clip += len(magnitudes)
        loud = np.concatenate([self._loud, magnitudes >= CLIP])
        if loud.any() and sliding_window_view(loud, CLIP_RUN).all(axis=1).any():
            self._since_clip = 0
        self._loud = loud[1 - CLIP_RUN :]
        if self._count == self._window:
            rms = math.sqrt(max(0.0, self._squares / self._count - (self._sum / self._count) ** 2))
            self._zeros = 0 if self._peak else self._zeros + self._count
            self.level = Level(_decibels(rms), _decibels(self._peak), self._since_clip < self._held)
            self._begin_window()


class LevelPreview:
    """Opens a source in a thread of its own and meters it until `stop`. The sound is kept nowhere."""

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
        return Level() if self._meter is None else self._meter.level

    @property
    def status(self) -> str:
        """Empty when all is well, otherwise one sentence for the user."""
        return self._problem or ("" if self._source is None else self._source.status)

    def stop(self) -> None:
        """Stop; returns at once."""
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


def _decibels(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude else -math.inf
