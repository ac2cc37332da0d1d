"""What a run knows of one input: its answer with a timeline, or why there is none. Plain values, cheap to send."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.files.parameters import Parameters
from app.stream.snapshot import is_unsure
from app.stream.stream import TwinComparison
from model import ModelConfig

DIGITS = 6  # to which times and probabilities are rounded


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
            mean = round(float(self.probabilities[first:after, genre].mean()), DIGITS)
            yield Segment(float(self.starts[first]), float(self.ends[after - 1]), self.genres[genre], mean)


@dataclass(frozen=True)
class FileAnswer:
    """What a file is."""

    path: str  # "-" for standard input
    genre: str
    probability: float  # of the genre
    probabilities: dict[str, float]  # of every genre: the mean over the file's tokens
    unsure: bool
    duration: float  # seconds of sound
    timeline: Timeline
    invalid_samples: int = 0  # those that are no sound and count as silence, see FrameStream
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
    return Hop(round(start, DIGITS), round(end, DIGITS), genres[best], float(answer[best]), named, unsure)


class TimelineBuilder:
    """Hop k is (k hop, (k + 1) hop]; its answer is the mean over the last tokens up to its last frame.

    How the frames are cut into pushes changes nothing. A hop in which no frame ended (sound was lost) has no entry.
    """

    def __init__(self, config: ModelConfig, parameters: Parameters, keep: bool = True) -> None:
        """`keep`: remember all hops, for `timeline`; a stream without an end must not."""
        self._config, self._keep = config, keep
        self._hop, self._frames = parameters.hop, parameters.smoothing_frames
        self._recent = np.zeros((0, len(config.genres)))  # the tokens that the next hops may need, the newest last
        self._last_end = np.zeros(0)  # of the frame before the next, if there was one
        # Of the finished hops, as bare numbers: a day of them as objects would take half as much as the model.
        self._indices, self._answers, self._unsure = array("d"), array("d"), array("b")

    def push(self, ends: NDArray[np.float64], answers: NDArray[np.float64]) -> list[Hop]:
        """ends (T,) s of the frames, answers (T, genres) -> the hops that turn out to be over."""
        known = np.concatenate([self._recent, answers])
        # The frame before this push belongs to it: only now is it known whether it was the last of its hop.
        all_ends = np.concatenate([self._last_end, ends])
        hops = self._hop_of(all_ends)
        offset = len(known) - len(all_ends)
        finished = []
        for last in np.flatnonzero(np.diff(hops)).tolist():
            finished.append(self._enter(int(hops[last]), known[: offset + last + 1], None))
        self._last_end, self._recent = all_ends[-1:], known[-self._frames :]
        return finished

    def finish(self) -> list[Hop]:
        """The hop that the sound ended in."""
        return [self._enter(int(hop), self._recent, float(self._last_end[-1])) for hop in self._hop_of(self._last_end)]

    def timeline(self) -> Timeline:
        """All hops so far."""
        starts = (np.array(self._indices) * self._hop).round(DIGITS)
        ends = np.minimum(starts + self._hop, self._last_end).round(DIGITS)
        answers = np.array(self._answers).reshape(-1, len(self._config.genres))
        return Timeline(self._config.genres, starts, ends, answers, np.array(self._unsure, dtype=np.bool_))

    def _hop_of(self, ends: NDArray[np.float64]) -> NDArray[np.float64]:
        hops: NDArray[np.float64] = np.ceil(ends / self._hop - 1e-9) - 1
        return hops

    def _enter(self, index: int, known: NDArray[np.float64], end: float | None) -> Hop:
        """known (T, genres): the tokens up to the last of the hop."""
        answer = known[-self._frames :].mean(axis=0).round(DIGITS)
        unsure = is_unsure(answer, self._config)
        if self._keep:
            self._indices.append(index)
            self._answers.extend(answer)
            self._unsure.append(unsure)
        start = index * self._hop
        return describe_hop(self._config.genres, start, start + self._hop if end is None else end, answer, unsure)
