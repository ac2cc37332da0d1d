"""The set as a source: pieces are made one ahead of what is heard, in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.demo.instruments import SAMPLE_RATE
from app.demo.pieces import PIECES, Piece
from audio.source import Block, Source

NAME = "Demo, made by this program"


class DemoSource(Source):
    """Plays the pieces over and over, as fast as it is read. Each piece is made once and kept: 15 MB for all."""

    name = NAME
    status = ""
    sample_rate = SAMPLE_RATE

    def __init__(self, pieces: Sequence[Piece] = PIECES) -> None:
        self._pieces = pieces
        self._made: list[NDArray[np.float32]] = []
        self._more = threading.Condition()
        self._closed = False
        self._piece = self._at = self._position = 0
        threading.Thread(target=self._make_all, name="demo music", daemon=True).start()

    def _make_all(self) -> None:
        for piece in self._pieces:
            if self._closed:
                return
            samples = piece.make()
            with self._more:
                self._made.append(samples)
                self._more.notify_all()

    def read(self, timeout: float) -> Block | None:
        """What is left of the present piece; waits for it when it is not made yet. See Source.read."""
        with self._more:
            self._more.wait_for(lambda: self._closed or len(self._made) > self._piece, timeout)
            if self._closed:
                return None
            if len(self._made) <= self._piece:
                return Block(np.zeros(0, np.float32), self._position)
            samples = self._made[self._piece][self._at :][:SAMPLE_RATE]
        block = Block(samples, self._position)
        self._position += len(samples)
        self._at += len(samples)
        if self._at == len(self._made[self._piece]):
            self._piece, self._at = (self._piece + 1) % len(self._pieces), 0
        return block

    def close(self) -> None:
        """Nothing more comes; a piece that is being made is finished and forgotten."""
        with self._more:
            self._closed = True
            self._more.notify_all()
