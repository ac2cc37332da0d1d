"""What is to be said of this moment: a genre, doubt between two, or that there is nothing to judge.

Probabilities waver from frame to frame; what is said must not. Another answer has to last before it is said, and
silence is called silence only after a while, and left only for sound that is clearly louder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SILENT_BELOW_DBFS, LOUD_FROM_DBFS = -60.0, -54.0  # apart, so that a level in between changes nothing
SILENT_AFTER = 13  # frames, 1 s: pauses in music are shorter
ZEROS_AFTER = 5  # frames, 0.4 s: not even a pause gives exact zeros
LOUD_AFTER = 2  # frames
LISTEN_FRAMES = 26  # 2 s of sound before a genre is named
HOLD_FRAMES = 6  # half a second that another answer has to last

Kind = Literal["zeros", "silence", "listening", "unsure", "genre"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`genre` is the leading one, and `other` the next where the two are in doubt; positions in the model's order.

    zeros: not even noise arrives, as from a microphone that is muted.
    """

    kind: Kind
    genre: int = 0
    other: int = 0
    probability: float = 0.0  # of `genre`

    @property
    def said(self) -> tuple[object, ...]:
        """Two verdicts that say the same are equal in this; which of two in doubt leads does not matter."""
        if self.kind == "genre":
            return self.kind, self.genre
        return (self.kind, frozenset((self.genre, self.other))) if self.kind == "unsure" else (self.kind,)


class Judge:
    """Told of every frame of one run, in order. hold_frames: that another answer has to last."""

    def __init__(self, hold_frames: int = HOLD_FRAMES) -> None:
        self._hold_frames = hold_frames
        self._verdict = Verdict("listening")
        self._silent = False
        self._quiet_frames = self._loud_frames = self._zero_frames = 0
        self._sound_frames = 0  # since it was last silent
        self._differing = 0  # frames in a row that would say something else

    def judge(self, smoothed: NDArray[np.floating], is_unsure: bool, level_dbfs: float) -> Verdict:
        """(genres,) the present answer, whether the model calls it unsure, and the level of the frame, -inf for zeros
        -> what is to be said now.
        """
        self._gate(level_dbfs)
        if self._silent:
            self._verdict = Verdict("zeros" if self._zero_frames >= ZEROS_AFTER else "silence")
            self._sound_frames = self._differing = 0
            return self._verdict
        self._sound_frames += 1
        if self._sound_frames <= LISTEN_FRAMES:
            self._verdict = Verdict("listening")
            return self._verdict
        other, genre = (int(position) for position in np.argsort(smoothed)[-2:])
        kind: Kind = "unsure" if is_unsure else "genre"
        fresh = Verdict(kind, genre, other, float(smoothed[genre]))
        self._differing = 0 if fresh.said == self._verdict.said else self._differing + 1
        if self._differing > self._hold_frames or self._verdict.kind not in ("unsure", "genre"):
            self._verdict, self._differing = fresh, 0
        else:
            kept = self._verdict
            self._verdict = Verdict(kept.kind, kept.genre, kept.other, float(smoothed[kept.genre]))
        return self._verdict

    def _gate(self, level_dbfs: float) -> None:
        self._quiet_frames = self._quiet_frames + 1 if level_dbfs < SILENT_BELOW_DBFS else 0
        self._loud_frames = self._loud_frames + 1 if level_dbfs >= LOUD_FROM_DBFS else 0
        self._zero_frames = self._zero_frames + 1 if level_dbfs == -math.inf else 0
        if self._quiet_frames >= SILENT_AFTER or self._zero_frames >= ZEROS_AFTER:
            self._silent = True
        elif self._loud_frames >= LOUD_AFTER:
            self._silent = False
