"""GTZAN clips as log-mel frames, from a pack of them or from a folder of audio: one dataset, whichever it was."""

from __future__ import annotations

import argparse
import csv
import sys
import zipfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.frame_reader import FrameReader
from audio import BANDS, AudioError, FileSource
from model import GTZAN_GENRES

SPLIT_LIST = Path(__file__).resolve().parent.parent / "assets" / "gtzan_fault_filtered.csv"
CLIP_FRAMES = 386  # of the shortest clip of GTZAN, 29.93 s
AUDIO_SUFFIXES = {".wav", ".au", ".flac", ".mp3", ".ogg"}


class DatasetError(Exception):
    """The data cannot be used; the text is one sentence that says why."""


@dataclass(frozen=True)
class Dataset:
    """Clips of one length. N clips, T frames, 128 bands."""

    names: tuple[str, ...]  # "blues.00029"
    frames: NDArray[np.float32]  # (N, T, bands) dB
    labels: NDArray[np.int64]  # (N,) index into genres
    splits: tuple[str, ...]  # "train", "valid", "test"; "" where the list does not know the clip
    genres: tuple[str, ...]

    def part(self, split: str) -> Dataset:
        """The clips of one split. Raises DatasetError when there are none."""
        chosen = [index for index, name in enumerate(self.splits) if name == split]
        if not chosen:
            raise DatasetError(f"no clip is in the split {split!r}; there are {sorted(set(self.splits))}")
        return Dataset(
            tuple(self.names[index] for index in chosen),
            self.frames[chosen],
            self.labels[chosen],
            (split,) * len(chosen),
            self.genres,
        )


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Let the command line name a pack or a folder."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, metavar="PACK.npz", help="log-mel frames of the clips")
    source.add_argument("--audio", type=Path, metavar="FOLDER", help="the clips as audio")


def read_dataset(arguments: argparse.Namespace) -> Dataset:
    """What the command line named. Raises DatasetError."""
    return read_pack(arguments.data) if arguments.data else read_folder(arguments.audio)


def read_pack(path: Path) -> Dataset:
    """A NumPy archive with mel (N, T, bands) uint8, range_db, max_db, clip, genre, genres and split."""
    try:
        with np.load(path, allow_pickle=False) as pack:
            fields = {name: pack[name] for name in ("mel", "range_db", "max_db", "clip", "genre", "genres", "split")}
    except KeyError as error:
        raise DatasetError(f"{path} lacks a field: {error.args[0]}") from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} is not a readable pack: {error}") from None
    span = np.float32(1) * fields["range_db"].reshape(-1, 1, 1)
    top = np.float32(1) * fields["max_db"].reshape(-1, 1, 1)
    frames = fields["mel"].astype(np.float32) / np.float32(255) * span + (top - span)
    return Dataset(
        tuple(str(name) for name in fields["clip"]),
        frames.astype(np.float32),
        fields["genre"].astype(np.int64),
        tuple(str(name) for name in fields["split"]),
        tuple(str(name) for name in fields["genres"]),
    )


def read_folder(folder: Path, split_list: Path = SPLIT_LIST) -> Dataset:
    """Audio as genre/genre.NNNNN.wav or genre.NNNNN.wav. A clip that cannot be read is named and left out."""
    with split_list.open(newline="") as file:
        split_of = {row["clip"]: row["split"] for row in csv.DictReader(file)}
    names, frames, labels = [], [], []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES):
        genre = path.name.split(".")[0]
        if genre not in GTZAN_GENRES:
            print(f"{path}: left out, {genre!r} is not a genre of GTZAN", file=sys.stderr)
            continue
        try:
            clip = hear(path)
        except AudioError as error:
            print(f"{path}: left out, {error}", file=sys.stderr)
            continue
        if len(clip) < CLIP_FRAMES:
            print(f"{path}: left out, {len(clip)} frames long, {CLIP_FRAMES} are needed", file=sys.stderr)
            continue
        names.append(path.stem)
        frames.append(clip[:CLIP_FRAMES])
        labels.append(GTZAN_GENRES.index(genre))
    if not names:
        raise DatasetError(f"{folder} holds no GTZAN clips; expected files like blues/blues.00000.wav")
    return Dataset(
        tuple(names),
        np.stack(frames),
        np.array(labels, dtype=np.int64),
        tuple(split_of.get(name, "") for name in names),
        GTZAN_GENRES,
    )


def hear(path: Path) -> NDArray[np.float32]:
    """The log-mel frames (T, bands) of the first 30 s of a file. Raises AudioError."""
    with FileSource(path) as source:
        heard = [frame.log_mel for frame in islice(FrameReader(source), CLIP_FRAMES)]
    return np.stack(heard) if heard else np.zeros((0, BANDS), np.float32)
