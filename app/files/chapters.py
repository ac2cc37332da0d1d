"""Chapters: where the genre of one long sound changes, each of at least a given length.

Among all ways to cut a timeline into chapters, this finds the one that can expect to name the most seconds rightly,
where every border costs some: the sum over its hops of seconds times the probability of the chapter's genre, less the
price of its borders. A hop that is silent counts as a second of silence, which is a chapter of its own where it lasts.

Probabilities are summed, not their logarithms: every token looks back on 30 s, so neighbouring hops are anything but
independent, and to multiply them would make any waver certain. A chapter's genre then is the one with the greatest mean
over its hops, as it is for a whole file. Because tokens look back, a hop is taken for what is said of it 7 s later: on
GTZAN's clips joined at random that puts half of the borders within 5 s, and a third of them without it.

The search is Viterbi's with a least duration. It goes through the hops once and remembers the candidates of the last
`least` seconds and one chain of chapters for each genre, whatever the length.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.files.answer import DIGITS, Hop, Timeline, describe_hop

BORDER_PRICE = 0.125  # of the least length: so a shortest chapter has to be likelier than its neighbours' by a quarter

LOOK_AHEAD_SECONDS = 7.0
LEAST_CHAPTER_SECONDS = 30.0  # where no length was asked for: what the model looks back on

Chain = tuple[int, int, "Chain | None"]  # first hop and kind of a chapter, and the chapters before it


def find_chapters(timeline: Timeline, least: float) -> list[Hop]:
    """least: s. Without gaps, except where the sound had gaps; one chapter where it is shorter than that."""
    if not len(timeline):
        return []
    timeline = _look_ahead(timeline)
    silence = len(timeline.genres)
    chain: Chain | None = _best_chain(timeline.starts, timeline.ends, _scores(timeline), least)
    chapters, after = [], len(timeline)
    while chain is not None:
        first, kind, chain = chain
        chapters.append(_describe(timeline, first, after, kind == silence))
        after = first
    return chapters[::-1]


def _look_ahead(timeline: Timeline) -> Timeline:
    """At every hop what is said a little later, or at the last hop that is heard by then."""
    hops = np.arange(len(timeline))
    later = np.searchsorted(timeline.ends, timeline.ends + LOOK_AHEAD_SECONDS - 1e-6)
    heard = np.maximum.accumulate(np.where(timeline.silent, 0, hops))
    said = np.maximum(heard[np.minimum(later, len(timeline) - 1)], hops)
    return replace(timeline, probabilities=timeline.probabilities[said], unsure=timeline.unsure[said])


def _scores(timeline: Timeline) -> NDArray[np.float64]:
    """(hops, genres + 1) seconds of each hop that each genre can expect to be right about; the last is silence."""
    silent = timeline.silent[:, None]
    shares = np.hstack([np.where(silent, 0.0, timeline.probabilities), silent])
    scores: NDArray[np.float64] = shares * (timeline.ends - timeline.starts)[:, None]
    return scores


def _best_chain(
    starts: NDArray[np.float64], ends: NDArray[np.float64], scores: NDArray[np.float64], least: float
) -> Chain:
    """starts, ends (T,) s; scores (T, kinds), T at least 1."""
    kinds = scores.shape[1]
    total = np.zeros(kinds)  # of the scores so far
    # For each kind: the best chain whose last chapter is of it and long enough, and what that is worth, less `total`.
    worth = np.full(kinds, -math.inf)
    chains: list[Chain | None] = [None] * kinds
    # Hops that a chapter may begin with, and what is worth as much whatever its kind; too short until now.
    waiting: deque[tuple[int, NDArray[np.float64], Chain | None]] = deque([(0, -total, None)])
    for index, end in enumerate(ends.tolist()):
        if index and math.isfinite(best := (worth + total).max()):
            before = chains[int((worth + total).argmax())]
            waiting.append((index, best - BORDER_PRICE * least - total, before))
        total = total + scores[index]
        while waiting and end - starts[waiting[0][0]] >= least - 1e-6:
            first, offsets, before = waiting.popleft()
            for kind in np.flatnonzero(offsets > worth).tolist():
                worth[kind], chains[kind] = offsets[kind], (first, kind, before)
    best_chain = chains[int((worth + total).argmax())]
    return best_chain or (0, int(total.argmax()), None)


def _describe(timeline: Timeline, first: int, after: int, silent: bool) -> Hop:
    """The hops from `first` to before `after` as one: unsure where most are of those that are heard."""
    times = float(timeline.starts[first]), float(timeline.ends[after - 1])
    heard = np.full(after - first, True) if silent else ~timeline.silent[first:after]
    mean = timeline.probabilities[first:after][heard].mean(axis=0).round(DIGITS)
    unsure = bool(timeline.unsure[first:after][heard].mean() > 0.5)
    return describe_hop(timeline.genres, *times, mean, unsure, silent)
