"""Clips as log-mel frames, from a pack of them or from a folder of audio: one dataset, whichever it was."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from app.text import one_line
from model import GTZAN_GENRES
from model.compiled import user_cache
from scripts.dataset.clips import (
    FAULT_FILTERED,
    FAULT_FILTERED_LIST,
    RANDOM_TRACKS,
    Dataset,
    DatasetError,
    artists_on_both_sides,
    divide,
    join_datasets,
    read_list,
    split,
)
from scripts.dataset.folder import CLIP_FRAMES, MOST_GENRES, read_folder
from scripts.dataset.pack import read_pack

__all__ = [
    "CLIP_FRAMES",
    "MOST_GENRES",
    "PARTS",
    "Dataset",
    "DatasetError",
    "add_data_arguments",
    "read_dataset",
    "read_folder",
    "read_pack",
]

PARTS = ("train", "train+valid", "train+valid+test")  # that can be learned from


def add_data_arguments(parser: argparse.ArgumentParser, split_option: str, required: bool = True) -> None:
    """Let the command line name a pack or a folder, and under `split_option` say how its clips are divided."""
    source = parser.add_mutually_exclusive_group(required=required)
    source.add_argument("--data", type=Path, nargs="+", metavar="PACK.npz", help="log-mel frames of the clips")
    source.add_argument(
        "--audio", type=Path, metavar="FOLDER", help="the clips as audio: GTZAN, or a folder for each genre"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        default=user_cache(),
        help="where features of audio are kept (default: %(default)s)",
    )
    parser.add_argument(
        split_option,
        dest="split_scheme",
        metavar=f"{FAULT_FILTERED}|{RANDOM_TRACKS}|FILE.csv",
        help="how clips are divided: the published list without an artist on both sides, whole tracks by lot, or a "
        "list with the columns clip and split (default: the pack's own division, of GTZAN's audio the published one; "
        "other genres by artist, a fifth of each to check on)",
    )
    parser.add_argument("--split-seed", type=int, default=0, help="of the lots that divide clips")


def read_dataset(arguments: argparse.Namespace) -> Dataset:
    """What the command line named, divided as it says. Raises DatasetError."""
    if arguments.data:
        dataset = join_datasets([read_pack(path) for path in arguments.data])
    else:
        dataset = read_folder(arguments.audio, arguments.cache)
    if arguments.split_scheme is None:
        if arguments.data or dataset.genres == GTZAN_GENRES:
            return dataset if arguments.data else dataset.split_by(read_list(FAULT_FILTERED_LIST))
        divided, said = divide(dataset, arguments.split_seed)
        for sentence in said:
            print(one_line(sentence), file=sys.stderr)
        return divided
    divided = split(dataset, arguments.split_scheme, arguments.split_seed)
    if shared := artists_on_both_sides(divided):
        print(f"artists on both sides of this split: {len(shared)}; accuracy will be flattered", file=sys.stderr)
    return divided
