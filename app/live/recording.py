"""The last minutes of sound, kept in memory and only while the user wants it."""

from __future__ import annotations

import io
import threading
import wave
from collections import deque
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from audio.front_end import silence_invalid
from audio.source import Block

KEPT_SECONDS = 300.0


class Recorder:
    """Off until it is switched on. What it has kept stays until it is forgotten: the next run goes on behind the last.

    Samples are kept as 16-bit integers at the rate of their source: five minutes at 48 kHz are 29 MB. Lost samples are
    silence, so that time stays true.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: deque[tuple[NDArray[np.int16], int]] = deque()  # samples, and their rate in Hz
        self._sample_rate = 0
        self._next = 0  # index of the sample that comes next in this run
        self.seconds = 0.0  # how much is kept
        self.is_on = False
        self.is_saved = True  # or there is nothing to save

    def switch(self, on: bool) -> None:
        """Begin to keep what comes, or no longer."""
        with self._lock:
            self.is_on = on
            self._next = 0  # what was not recorded is no loss

    def forget(self) -> None:
        """Keep nothing of what there is; whether it is on stays so."""
        with self._lock:
            self._blocks.clear()
            self.seconds, self._next, self.is_saved = 0.0, 0, True

    def push(self, block: Block, sample_rate: int) -> None:
        """The next block of a run; the reading thread calls this."""
        if not self.is_on or not len(block.samples):
            return
        with self._lock:
            if not self.is_on:
                return
            is_same_run = sample_rate == self._sample_rate and 0 < self._next <= block.start
            self._sample_rate = sample_rate
            if is_same_run and block.start > self._next:
                lost = min(block.start - self._next, round(KEPT_SECONDS * sample_rate))
                self._keep(np.zeros(lost, np.int16))
            self._keep(to_integers(block.samples))
            self._next = block.start + len(block.samples)
            self.is_saved = False

    def samples(self) -> tuple[NDArray[np.int16], int]:
        """(n,) samples, oldest first, and their rate in Hz, the highest that there was; no samples and rate 0 when
        nothing is kept.
        """
        with self._lock:
            kept = list(self._blocks)
        highest = max((rate for _, rate in kept), default=0)
        parts = []
        for rate, blocks in groupby(kept, key=itemgetter(1)):
            part = np.concatenate([samples for samples, _ in blocks])
            parts.append(part if rate == highest else _resampled(part, rate, highest))
        return (np.concatenate(parts) if parts else np.zeros(0, np.int16)), highest

    def _keep(self, samples: NDArray[np.int16]) -> None:
        self._blocks.append((samples, self._sample_rate))
        self.seconds += len(samples) / self._sample_rate
        while self.seconds - _length(self._blocks[0]) >= KEPT_SECONDS - 1e-6:
            self.seconds -= _length(self._blocks.popleft())


def _length(block: tuple[NDArray[np.int16], int]) -> float:
    """Seconds."""
    return len(block[0]) / block[1]


def _resampled(samples: NDArray[np.int16], rate: int, wished: int) -> NDArray[np.int16]:
    import soxr  # loaded only for a recording of several rates

    made: NDArray[np.int16] = soxr.resample(samples, rate, wished)
    return made


def to_integers(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """(n,) within -1..1 -> 16 bits; what is no sound is silence."""
    scaled = silence_invalid(samples) * 32767.0
    made: NDArray[np.int16] = np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)
    return made


def wav_bytes(samples: NDArray[np.int16], sample_rate: int) -> bytes:
    """(n,) samples -> the content of a 16-bit mono WAV file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return content.getvalue()
