"""What a run knows of one input: its answer with a timeline, or why there is none. Plain values, cheap to send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.stream.stream import TwinComparison


@dataclass(frozen=True)
class Hop:
    """The present answer at the end of one hop."""

    start: float  # s
    end: float  # s
    genre: str
    probability: float  # of the genre
    probabilities: dict[str, float]
    unsure: bool


@dataclass(frozen=True)
class Segment:
    """Neighbouring hops of one genre."""

    start: float  # s
    end: float  # s
    genre: str
    probability: float  # of the genre, the mean over its hops


@dataclass(frozen=True, eq=False)
class Timeline:
    """A smoothed answer per hop, as arrays: a day has 86 400 of them.

    Times and probabilities are rounded to 6 digits when it is made, so that every format, and every record of it that
    is read back, says the same.
    """

    genres: tuple[str, ...]
    starts: NDArray[np.float64]  # (hops,) s
    ends: NDArray[np.float64]  # (hops,) s
    probabilities: NDArray[np.float64]  # (hops, genres)
    unsure: NDArray[np.bool_]  # (hops,)

    def __len__(self) -> int:
        return len(self.starts)

    def hops(self) -> Iterator[Hop]:
        for start, end, answer, unsure in zip(self.starts, self.ends, self.probabilities, self.unsure, strict=True):
            yield describe_hop(self.genres, float(start), float(end), answer, bool(unsure))

    def segments(self) -> Iterator[Segment]:
        """Without gaps, except where the sound had gaps."""
        if not len(self):
            return
        leading = self.probabilities.argmax(axis=1)
        apart = (np.diff(leading) != 0) | (np.abs(self.starts[1:] - self.ends[:-1]) > 1e-6)
        borders = [0, *(np.flatnonzero(apart) + 1).tolist(), len(self)]
        for first, after in pairwise(borders):
            genre = int(leading[first])
            mean = round(float(self.probabilities[first:after, genre].mean()), 6)
            yield Segment(float(self.starts[first]), float(self.ends[after - 1]), self.genres[genre], mean)


@dataclass(frozen=True)
class FileAnswer:
    """What a file is."""

    path: str  # "-" for standard input
    genre: str
    probability: float  # of the genre
    probabilities: dict[str, float]  # of every genre: the mean over the file's tokens
    unsure: bool
    duration: float  # seconds of sound that were heard
    timeline: Timeline
    invalid_samples: int = 0  # NaN or infinite ones, heard as silence
    comparison: TwinComparison | None = None


@dataclass(frozen=True)
class FileError:
    """Why there is no answer, one sentence that says what to do."""

    path: str
    error: str


def describe_hop(genres: tuple[str, ...], start: float, end: float, answer: NDArray[np.float64], unsure: bool) -> Hop:
    """answer: (genres,) probabilities."""
    best = int(answer.argmax())
    named = dict(zip(genres, answer.tolist(), strict=True))
    return Hop(round(start, 6), round(end, 6), genres[best], float(answer[best]), named, unsure)
