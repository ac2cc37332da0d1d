"""What a run knows of one input: its answer with a timeline, or why there is none. Plain values, cheap to send."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.files.parameters import Parameters
from app.stream.snapshot import is_unsure
from app.stream.stream import TwinComparison
from app.text import half_up
from model import ModelConfig

DIGITS = 6  # to which times and probabilities are rounded
LEAST_SHARE = 0.5  # of all genres together, that those chosen among need: else it is rather none of them
LEAST_FRAMES = 26  # of sound, 2 s, for a genre where all else is silent
SILENT_BELOW_DBFS = -90.0  # the least step of 16-bit sound: the dither of silence lies below, the faintest music above

# What is to be said: a genre, or one with doubt; that there was nothing to judge; or that there was nothing because the
# channels cancel each other when they are averaged, as when one is wired the wrong way round.
Verdict = Literal["genre", "unsure", "silence", "cancelled"]


@dataclass(frozen=True)
class Hop:
    """The present answer at the end of one hop."""

    start: float  # s
    end: float  # s
    genre: str
    probability: float  # of the genre
    probabilities: dict[str, float]
    unsure: bool
    verdict: Verdict


@dataclass(frozen=True)
class Segment:
    """Neighbouring hops of one genre, or of silence; unsure where most of the hops are."""

    start: float  # s
    end: float  # s
    genre: str
    probability: float  # of the genre, the mean over its hops
    verdict: Verdict


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
    silent: NDArray[np.bool_]  # (hops,) nothing to judge, whatever the model says

    def __len__(self) -> int:
        return len(self.starts)

    def hops(self) -> Iterator[Hop]:
        rows = zip(self.starts, self.ends, self.probabilities, self.unsure, self.silent, strict=True)
        for start, end, answer, unsure, silent in rows:
            yield describe_hop(self.genres, float(start), float(end), answer, bool(unsure), bool(silent))

    def segments(self) -> Iterator[Segment]:
        """Without gaps, except where the sound had gaps."""
        if not len(self):
            return
        leading = self.probabilities.argmax(axis=1)
        kinds = np.where(self.silent, -1, leading)
        apart = (np.diff(kinds) != 0) | (np.abs(self.starts[1:] - self.ends[:-1]) > 1e-6)
        borders = [0, *(np.flatnonzero(apart) + 1).tolist(), len(self)]
        for first, after in pairwise(borders):
            means = self.probabilities[first:after].mean(axis=0)
            genre = int(means.argmax() if self.silent[first] else leading[first])
            verdict = verdict_of(self.unsure[first:after].mean() > 0.5, bool(self.silent[first]))
            times = float(self.starts[first]), float(self.ends[after - 1])
            yield Segment(*times, self.genres[genre], round(float(means[genre]), DIGITS), verdict)


@dataclass(frozen=True)
class FileAnswer:
    """What a file is."""

    path: str  # "-" for standard input
    genre: str
    probability: float  # of the genre
    probabilities: dict[str, float]  # of every genre: the mean over the file's tokens
    unsure: bool
    verdict: Verdict
    duration: float  # seconds of sound
    sample_rate: int  # Hz, of the file
    timeline: Timeline
    invalid_samples: int = 0  # those that are no sound and count as silence, see FrameStream
    complete: bool = True  # whether the file had all that it states, and did not end early
    track: int = 1  # the soundtrack that was heard, from 1 on
    tracks: int = 1  # how many there are
    share: float | None = None  # where some genres were left out: how probable the others were together among all
    comparison: TwinComparison | None = None


@dataclass(frozen=True)
class FileError:
    """Why there is no answer, one sentence that says what to do."""

    path: str
    error: str


def _round_times(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """As `half_up` does."""
    rounded: NDArray[np.float64] = np.floor(seconds * 10.0**DIGITS + 0.5) / 10.0**DIGITS
    return rounded


def verdict_of(unsure: bool, silent: bool) -> Verdict:
    """Silence is no doubt of the model's."""
    return "silence" if silent else "unsure" if unsure else "genre"


def judge(
    mean: NDArray[np.float64], config: ModelConfig, chosen: Sequence[str] | None
) -> tuple[NDArray[np.float64], float | None, bool]:
    """(genres,) -> the probabilities of those that were chosen, adding up to 1; what they add up to among all, None
    where all were chosen; and whether that is unsure: by the model's rule, or since it is rather none of them.
    """
    if chosen is None:
        return mean, None, is_unsure(mean, config)
    kept = mean[[config.genres.index(genre) for genre in chosen]]
    share = float(kept.sum())
    answer = kept / share if share > 0.0 else np.full(len(kept), 1 / len(kept))
    return answer, share, share < LEAST_SHARE or is_unsure(answer, config)


def describe_hop(
    genres: tuple[str, ...], start: float, end: float, answer: NDArray[np.float64], unsure: bool, silent: bool
) -> Hop:
    """answer: (genres,) probabilities."""
    best = int(answer.argmax())
    named = dict(zip(genres, answer.tolist(), strict=True))
    verdict = verdict_of(unsure, silent)
    return Hop(half_up(start, DIGITS), half_up(end, DIGITS), genres[best], float(answer[best]), named, unsure, verdict)


class TimelineBuilder:
    """Hop k is (k hop, (k + 1) hop]; its answer is the mean over the last tokens up to its last frame.

    How the frames are cut into pushes changes nothing. A hop in which no frame ended (sound was lost) has no entry; one
    whose frames are all silent is.
    """

    def __init__(self, config: ModelConfig, parameters: Parameters, keep: bool = True) -> None:
        """`keep`: remember all hops, for `timeline`; a stream without an end must not."""
        self._config, self._keep, self._chosen = config, keep, parameters.genres
        self._genres = config.genres if parameters.genres is None else parameters.genres
        self._hop, self._frames = parameters.hop, parameters.smoothing_frames
        self._recent = np.zeros((0, len(config.genres)))  # the tokens that the next hops may need, the newest last
        self._last_end = np.zeros(0)  # of the frame before the next, if there was one
        self._silent = np.zeros(0, np.bool_)  # whether that one is, with all before it in its hop
        self._silent_frames = self._sounding_frames = 0
        # Of the finished hops, as bare numbers: a day of them as objects would take half as much as the model.
        self._indices, self._answers = array("d"), array("d")
        self._unsure_hops, self._silent_hops = array("b"), array("b")

    def push(self, ends: NDArray[np.float64], answers: NDArray[np.float64], levels: NDArray[np.floating]) -> list[Hop]:
        """ends (T,) s and levels (T,) dBFS of the frames, answers (T, genres) -> the hops that turn out to be over."""
        known = np.concatenate([self._recent, answers])
        # The frame before this push belongs to it: only now is it known whether it was the last of its hop.
        all_ends = np.concatenate([self._last_end, ends])
        hops = self._hop_of(all_ends)
        offset = len(known) - len(all_ends)
        silent = levels < SILENT_BELOW_DBFS
        self._silent_frames += int(np.count_nonzero(silent))
        self._sounding_frames += int(np.count_nonzero(~silent))
        silent = np.concatenate([self._silent, silent])
        finished, first = [], 0
        for last in np.flatnonzero(np.diff(hops)).tolist():
            is_silent = bool(silent[first : last + 1].all())
            finished.append(self._enter(int(hops[last]), known[: offset + last + 1], None, is_silent))
            first = last + 1
        self._last_end, self._recent = all_ends[-1:], known[-self._frames :]
        self._silent = np.array([silent[first:].all()])[: len(all_ends)]
        return finished

    def finish(self) -> list[Hop]:
        """The hop that the sound ended in."""
        return [
            self._enter(int(hop), self._recent, float(self._last_end[-1]), bool(self._silent[-1]))
            for hop in self._hop_of(self._last_end)
        ]

    @property
    def is_silence(self) -> bool:
        """Whether most of it is silent and what is not is too little to name a genre, such as a click."""
        return self._sounding_frames < min(self._silent_frames, LEAST_FRAMES)

    def timeline(self) -> Timeline:
        """All hops so far."""
        indices = np.array(self._indices)
        starts = _round_times(indices * self._hop)
        ends = _round_times(np.minimum((indices + 1) * self._hop, self._last_end))
        answers = np.array(self._answers).reshape(-1, len(self._genres))
        unsure, silent = (np.array(flags, dtype=np.bool_) for flags in (self._unsure_hops, self._silent_hops))
        return Timeline(self._genres, starts, ends, answers, unsure, silent)

    def _hop_of(self, ends: NDArray[np.float64]) -> NDArray[np.float64]:
        hops: NDArray[np.float64] = np.ceil(ends / self._hop - 1e-9) - 1
        return hops

    def _enter(self, index: int, known: NDArray[np.float64], end: float | None, silent: bool) -> Hop:
        """known (T, genres): the tokens up to the last of the hop."""
        answer, _, unsure = judge(known[-self._frames :].mean(axis=0), self._config, self._chosen)
        answer = answer.round(DIGITS)
        if self._keep:
            self._indices.append(index)
            self._answers.extend(answer)
            self._unsure_hops.append(unsure)
            self._silent_hops.append(silent)
        start, end = index * self._hop, (index + 1) * self._hop if end is None else end
        return describe_hop(self._genres, start, end, answer, unsure, silent)
