"""Which clips train, which check, which test: a published list, whole tracks by lot, or a list of one's own."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from scripts.dataset.clips import Dataset, DatasetError, track_of

FAULT_FILTERED = "fault-filtered"  # Kereliuk, Sturm and Larsen (2015): no artist on both sides
RANDOM_TRACKS = "random-tracks"
FAULT_FILTERED_LIST = Path(__file__).resolve().parents[2] / "assets" / "gtzan_fault_filtered.csv"
SHARES = {"train": 0.6, "valid": 0.2, "test": 0.2}  # of random tracks


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
    _keep_tracks_whole(divided)
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


def _keep_tracks_whole(dataset: Dataset) -> None:
    if torn := _on_both_sides(dataset, tuple(map(track_of, dataset.names))):
        raise DatasetError(f"pieces of {sorted(torn)[0]} are on both sides of the split; keep every recording on one")


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
