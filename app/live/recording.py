"""The last minutes of sound, kept in memory and only while the user wants it."""

from __future__ import annotations

import io
import threading
import wave
from collections import deque

import numpy as np
from numpy.typing import NDArray

from audio.source import Block

KEPT_SECONDS = 300.0


class Recorder:
    """Off until it is switched on; switched off, it forgets everything.

    Samples are kept as 16-bit integers: five minutes at 48 kHz are 29 MB. Another run, or another sample rate, begins a
    new recording. Lost samples are silence, so that time stays true.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: deque[NDArray[np.int16]] = deque()
        self._kept = 0  # samples
        self._sample_rate = 0
        self._next = 0  # index of the sample that comes next in this run
        self.is_on = False

    @property
    def seconds(self) -> float:
        """How much is kept."""
        return self._kept / self._sample_rate if self._sample_rate else 0.0

    def switch(self, on: bool) -> None:
        """Begin to keep, or forget everything."""
        with self._lock:
            self.is_on = on
            self._forget()

    def push(self, block: Block, sample_rate: int) -> None:
        """The next block of a run; the reading thread calls this."""
        if not self.is_on or not len(block.samples):
            return
        with self._lock:
            if not self.is_on:
                return
            if sample_rate != self._sample_rate or block.start < self._next:
                self._forget()
                self._sample_rate = sample_rate
            elif self._blocks and block.start > self._next:
                lost = min(block.start - self._next, round(KEPT_SECONDS * sample_rate))
                self._keep(np.zeros(lost, np.int16))
            self._keep(to_integers(block.samples))
            self._next = block.start + len(block.samples)

    def samples(self) -> tuple[NDArray[np.int16], int]:
        """(n,) samples, oldest first, and their rate in Hz; no samples and rate 0 when nothing is kept."""
        with self._lock:
            kept = list(self._blocks)
            return (np.concatenate(kept) if kept else np.zeros(0, np.int16)), self._sample_rate

    def _keep(self, samples: NDArray[np.int16]) -> None:
        self._blocks.append(samples)
        self._kept += len(samples)
        while self._kept - len(self._blocks[0]) >= KEPT_SECONDS * self._sample_rate:
            self._kept -= len(self._blocks.popleft())

    def _forget(self) -> None:
        self._blocks.clear()
        self._kept = self._sample_rate = self._next = 0


def to_integers(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """(n,) within -1..1 -> 16 bits; what is no number is silence."""
    scaled = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0) * 32767.0
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
