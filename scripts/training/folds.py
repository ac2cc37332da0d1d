"""Folds for cross-validation: whole artists, about as many clips of every genre in each."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from scripts.dataset import Dataset
from scripts.dataset.clips import track_of


def artist_folds(dataset: Dataset, folds: int, seed: int) -> NDArray[np.int64]:
    """(N,) the fold of every clip. All clips of an artist are in one; where none is known, all of a recording."""
    random = np.random.default_rng(seed)
    fold_of = np.zeros(len(dataset.names), dtype=np.int64)
    for genre in range(len(dataset.genres)):
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for index in np.flatnonzero(dataset.labels == genre):
            groups[dataset.artists[index] or track_of(dataset.names[index])].append(int(index))
        names = sorted(groups)
        random.shuffle(names)
        filled = random.uniform(0.0, 0.1, folds)  # which one the first artist goes to is left to chance
        for name in sorted(names, key=lambda each: -len(groups[each])):
            emptiest = int(filled.argmin())
            fold_of[groups[name]] = emptiest
            filled[emptiest] += len(groups[name])
    return fold_of
