"""Clips whose genre is known, and how they are divided: by a published list, by lot, by one's own list, or in folds."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FAULT_FILTERED = "fault-filtered"  # Kereliuk, Sturm and Larsen (2015): no artist on both sides
RANDOM_TRACKS = "random-tracks"
FAULT_FILTERED_LIST = Path(__file__).resolve().parents[2] / "assets" / "gtzan_fault_filtered.csv"
CHECKED = 0.2  # of one's own genres is checked on
SHARES = {"train": 0.6, "valid": 0.2, "test": 0.2}  # of random tracks


class DatasetError(Exception):
    """The data cannot be used; the text is one sentence that says why."""


@dataclass(frozen=True)
class Dataset:
    """Clips of one length. N clips, T frames."""

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

    def split_by(self, split_of: dict[str, str]) -> Dataset:
        """The same clips under another list, of clips or whole recordings; one that it does not know is in no split."""
        return replace(self, splits=tuple(split_of.get(name, split_of.get(track_of(name), "")) for name in self.names))


def join_datasets(parts: Sequence[Dataset]) -> Dataset:
    """All clips, in this order. Raises DatasetError where genres or lengths differ, or two parts have the same clip."""
    first, *others = parts
    names = list(first.names)
    for part in others:
        if part.genres != first.genres:
            raise DatasetError(f"the genres of the packs differ: {', '.join(first.genres)}; {', '.join(part.genres)}")
        if part.frames.shape[1] != first.frames.shape[1]:
            raise DatasetError(
                f"clips of {first.frames.shape[1]} and of {part.frames.shape[1]} frames cannot be one dataset"
            )
        if twice := sorted(set(names) & set(part.names)):
            raise DatasetError(f"{twice[0]} is in the data twice")
        names += part.names
    return Dataset(
        tuple(names),
        np.concatenate([part.frames for part in parts]),
        np.concatenate([part.labels for part in parts]),
        tuple(side for part in parts for side in part.splits),
        tuple(artist for part in parts for artist in part.artists),
        first.genres,
    )


def track_of(name: str) -> str:
    """`blues.00029.3` -> `blues.00029`, `polka/a.mp3:2` -> `polka/a.mp3`: pieces of one recording are one track."""
    if "/" in name:
        return re.sub(r":\d+$", "", name)
    found = re.match(r"[a-z]+\.\d+", name)
    return found[0] if found else name


def split(dataset: Dataset, scheme: str, seed: int = 0) -> Dataset:
    """The dataset under `fault-filtered`, `random-tracks`, or the list in a CSV file. Raises DatasetError.

    Pieces of one recording are never on two sides.
    """
    if scheme == RANDOM_TRACKS:
        return dataset.split_by(_random_tracks(dataset, seed))
    path = FAULT_FILTERED_LIST if scheme == FAULT_FILTERED else Path(scheme)
    divided = dataset.split_by(read_list(path))
    if not any(divided.splits):
        raise DatasetError(f"{path} knows none of the {len(dataset.names)} clips; it names them like blues.00029")
    if torn := _on_both_sides(divided, tuple(map(track_of, divided.names))):
        raise DatasetError(f"pieces of {sorted(torn)[0]} are on both sides of the split; keep every recording on one")
    return divided


def read_list(path: Path) -> dict[str, str]:
    """clip -> split, from the columns of these names. Raises DatasetError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return {row["clip"]: row["split"] for row in csv.DictReader(file)}
    except KeyError as error:
        raise DatasetError(f"{path} lacks the column {error.args[0]}; a split list has clip and split") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"the split list {path} cannot be read: {error}") from None


def artists_on_both_sides(dataset: Dataset) -> set[str]:
    """Those known artists of whom clips are in two splits: such a split flatters the model."""
    return _on_both_sides(dataset, dataset.artists)


def artist_folds(dataset: Dataset, folds: int, seed: int) -> NDArray[np.int64]:
    """(N,) the fold of every clip. All clips of an artist are in one; where none is known, all of a recording."""
    random = np.random.default_rng(seed)
    fold_of = np.zeros(len(dataset.names), dtype=np.int64)
    group_of = [artist or track_of(name) for artist, name in zip(dataset.artists, dataset.names, strict=True)]
    clips_of: defaultdict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(group_of):
        clips_of[group].append(index)
    for genre in range(len(dataset.genres)):
        sizes = Counter(group_of[index] for index in np.flatnonzero(dataset.labels == genre))
        names = sorted(sizes)
        random.shuffle(names)
        filled = random.uniform(0.0, 0.1, folds)  # which one the first artist goes to is left to chance
        for name in sorted(names, key=lambda each: -sizes[each]):
            emptiest = int(filled.argmin())
            fold_of[clips_of[name]] = emptiest  # those of other genres, too
            filled[emptiest] += sizes[name]
    return fold_of


def divide(dataset: Dataset, seed: int) -> tuple[Dataset, list[str]]:
    """A fifth of the clips of every genre to check on, all others to train on; and what is to be said of that.

    All clips of an artist are on one side, all of a recording where it has no artist, or its genre only one.
    """
    random = np.random.default_rng(seed)
    sides, alone = ["train"] * len(dataset.names), []
    for genre, name in enumerate(dataset.genres):
        mine = np.flatnonzero(dataset.labels == genre).tolist()
        tracks = {index: track_of(dataset.names[index]) for index in mine}
        group_of = {index: dataset.artists[index] or track for index, track in tracks.items()}
        if len(set(group_of.values())) == 1 and len(set(tracks.values())) > 1:
            group_of = tracks
            alone.append(name)
        groups = sorted(set(group_of.values()))
        random.shuffle(groups)
        sizes = Counter(group_of.values())
        taken: set[str] = set()
        for group in sorted(groups, key=lambda each: sizes[each] > CHECKED * len(mine)):  # large ones last
            if len(taken) + 1 < len(groups) and sum(sizes[one] for one in taken) < CHECKED * len(mine):
                taken.add(group)
        for index in mine:
            if group_of[index] in taken:
                sides[index] = "valid"
    said = [f"{', '.join(alone)}: of one artist, who is on both sides of the split: accuracy will be flattered"]
    lacking = {track_of(name) for name, artist in zip(dataset.names, dataset.artists, strict=True) if not artist}
    without = f"{len(lacking)} recordings name no artist (by a tag, or a folder within that of the genre)"
    flattered = f"{without}: where one is on both sides of the split, accuracy will be flattered"
    return replace(dataset, splits=tuple(sides)), [*(said if alone else []), *([flattered] if lacking else [])]


def _on_both_sides(dataset: Dataset, groups: tuple[str, ...]) -> set[str]:
    sides: defaultdict[str, set[str]] = defaultdict(set)
    for group, side in zip(groups, dataset.splits, strict=True):
        if group and side:
            sides[group].add(side)
    return {group for group, of_group in sides.items() if len(of_group) > 1}


def _random_tracks(dataset: Dataset, seed: int) -> dict[str, str]:
    """Of every genre the same shares, whole tracks by lot."""
    random = np.random.default_rng(seed)
    tracks = list(map(track_of, dataset.names))
    side_of: dict[str, str] = {}
    for genre in range(len(dataset.genres)):
        mine = sorted({track for track, label in zip(tracks, dataset.labels, strict=True) if label == genre})
        borders = np.cumsum([round(share * len(mine)) for share in list(SHARES.values())[:-1]])
        for side, chosen in zip(SHARES, np.split(random.permutation(len(mine)), borders), strict=True):
            side_of.update({mine[index]: side for index in chosen})
    return {name: side_of[track] for name, track in zip(dataset.names, tracks, strict=True)}
