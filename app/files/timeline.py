"""From one answer per frame to one smoothed answer per hop, while the sound arrives."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from app.files.answer import Hop, Timeline, describe_hop
from app.files.parameters import Parameters
from app.stream.snapshot import is_unsure
from model import ModelConfig

ROUNDED_DIGITS = 6


class TimelineBuilder:
    """Hop k is (k hop, (k + 1) hop]; its answer is the mean over the last tokens up to its last frame.

    How the frames are cut into pushes changes nothing. A hop in which no frame ended (sound was lost) has no entry.
    """

    def __init__(self, config: ModelConfig, parameters: Parameters, keep: bool = True) -> None:
        """`keep`: remember all hops, for `timeline`; a stream without an end must not."""
        self._config = config
        self._genres = config.genres
        self._hop = parameters.hop
        self._keep = keep
        self._frames = parameters.smoothing_frames
        self._recent = np.zeros((0, len(config.genres)))  # the tokens that the next hops may need, the newest last
        self._last_end = 0.0
        # Of the finished hops, as bare numbers: a day of them as objects would take half as much as the model.
        self._indices, self._answers, self._unsure = array("d"), array("d"), array("b")

    def push(self, ends: NDArray[np.float64], answers: NDArray[np.float64]) -> list[Hop]:
        """ends (T,) s of the frames, answers (T, genres) -> the hops that turn out to be over."""
        if not len(ends):
            return []
        before = len(self._recent)
        known = np.concatenate([self._recent, answers])
        # The frame before this push belongs to it: only now is it known whether it was the last of its hop.
        all_ends = np.concatenate([[self._last_end], ends]) if before else ends
        hops = self._hop_of(all_ends)
        offset = before - 1 if before else 0  # of all_ends within known
        finished = []
        for last in np.flatnonzero(np.diff(hops)).tolist():
            answer = self._smoothed(known[: offset + last + 1])
            finished.append(self._enter(int(hops[last]), answer, None))
        self._last_end = float(ends[-1])
        self._recent = known[-max(1, self._frames) :]
        return finished

    def finish(self) -> list[Hop]:
        """The hop that the sound ended in."""
        if not len(self._recent):
            return []
        last = int(self._hop_of(np.array([self._last_end]))[0])
        return [self._enter(last, self._smoothed(self._recent), self._last_end)]

    def timeline(self) -> Timeline:
        """All hops so far."""
        starts = (np.array(self._indices) * self._hop).round(ROUNDED_DIGITS)
        ends = np.minimum(starts + self._hop, self._last_end).round(ROUNDED_DIGITS)
        answers = np.array(self._answers).reshape(-1, len(self._genres))
        return Timeline(self._genres, starts, ends, answers, np.array(self._unsure, dtype=np.bool_))

    def _hop_of(self, ends: NDArray[np.float64]) -> NDArray[np.float64]:
        hops: NDArray[np.float64] = np.ceil(ends / self._hop - 1e-9) - 1
        return hops

    def _smoothed(self, known: NDArray[np.float64]) -> NDArray[np.float64]:
        rounded: NDArray[np.float64] = known[-self._frames :].mean(axis=0).round(ROUNDED_DIGITS)
        return rounded

    def _enter(self, index: int, answer: NDArray[np.float64], end: float | None) -> Hop:
        unsure = is_unsure(answer, self._config)
        if self._keep:
            self._indices.append(index)
            self._answers.extend(answer)
            self._unsure.append(unsure)
        start = index * self._hop
        return describe_hop(self._genres, start, start + self._hop if end is None else end, answer, unsure)
