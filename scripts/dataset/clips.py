"""What a dataset is, wherever it came from."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


class DatasetError(Exception):
    """The data cannot be used; the text is one sentence that says why."""


@dataclass(frozen=True)
class Dataset:
    """Clips of one length. N clips, T frames, 128 bands."""

    names: tuple[str, ...]  # "blues.00029"
    frames: NDArray[np.float32]  # (N, T, bands) dB
    labels: NDArray[np.int64]  # (N,) index into genres
    splits: tuple[str, ...]  # "train", "valid", "test"; "" where the list does not know the clip
    artists: tuple[str, ...]  # "" where not known
    genres: tuple[str, ...]

    def part(self, *splits: str) -> Dataset:
        """The clips of one split, or of several. Raises DatasetError when there are none."""
        chosen = [index for index, name in enumerate(self.splits) if name in splits]
        if not chosen:
            wanted, present = " or ".join(map(repr, splits)), sorted(set(self.splits))
            raise DatasetError(f"no clip is in the split {wanted}; there are {present}")
        return self.take(chosen)

    def take(self, chosen: Sequence[int]) -> Dataset:
        """The clips at these places."""
        return Dataset(
            tuple(self.names[index] for index in chosen),
            self.frames[list(chosen)],
            self.labels[list(chosen)],
            tuple(self.splits[index] for index in chosen),
            tuple(self.artists[index] for index in chosen),
            self.genres,
        )

    def without(self, names: Collection[str]) -> Dataset:
        """All clips but these."""
        return self.take([index for index, name in enumerate(self.names) if name not in names])

    def split_by(self, split_of: dict[str, str]) -> Dataset:
        """The same clips under another list; a clip that it does not know is in no split."""
        return replace(self, splits=tuple(split_of.get(name, "") for name in self.names))


def track_of(name: str) -> str:
    """`blues.00029.3` -> `blues.00029`: pieces of one recording are one track."""
    found = re.match(r"[a-z]+\.\d+", name)
    return found[0] if found else name
