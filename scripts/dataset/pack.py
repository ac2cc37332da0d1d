"""A pack: the log-mel frames of many clips in one NumPy archive."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np

from audio import BANDS
from scripts.dataset.clips import Dataset, DatasetError

FIELDS = ("mel", "range_db", "max_db", "clip", "genre", "genres", "split")


def read_pack(path: Path) -> Dataset:
    """Fields: mel (N, T, bands) uint8, of which 255 is max_db (N,) dB and 0 is range_db (N,) dB below it; clip (N,)
    names; genre (N,) index into genres (G,); split (N,) names; and, where known, artist (N,) names.

    A clip whose decibels are no numbers is named and left out. Raises DatasetError.
    """
    try:
        with np.load(path, allow_pickle=False) as pack:
            fields = {name: pack[name] for name in FIELDS}
            artists = pack["artist"] if "artist" in pack.files else np.full(len(fields["clip"]), "")
    except KeyError as error:
        lacking = str(error.args[0]).split()[0]  # NumPy writes `genre is not a file in the archive`
        raise DatasetError(f"{path} lacks the field {lacking}; a pack has {', '.join(FIELDS)}") from None
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} is not a readable pack: {error}") from None
    mel, genre, genres = fields["mel"], fields["genre"], fields["genres"]
    if mel.ndim != 3 or mel.shape[2] < BANDS or not len(mel):
        raise DatasetError(f"{path}: mel has the shape {mel.shape}; expected (clips, frames, at least {BANDS})")
    lengths = {len(artists), *(len(fields[name]) for name in FIELDS if name != "genres")}
    if len(lengths) > 1:
        raise DatasetError(f"{path}: its fields speak of different numbers of clips")
    must = f"{path}: genre must number the {len(genres)} genres from 0, and has"
    if genre.dtype.kind not in "iu":
        raise DatasetError(f"{must} values of type {genre.dtype}")
    if len(outside := genre[(genre < 0) | (genre >= len(genres))]):
        raise DatasetError(f"{must} {outside[0]}")
    span = fields["range_db"].astype(np.float32).reshape(-1, 1, 1)
    top = fields["max_db"].astype(np.float32).reshape(-1, 1, 1)
    dataset = Dataset(
        tuple(map(str, fields["clip"])),
        mel[:, :, :BANDS].astype(np.float32) / np.float32(255) * span + (top - span),
        genre.astype(np.int64),
        tuple(map(str, fields["split"])),
        tuple(map(str, artists)),
        tuple(map(str, genres)),
    )
    finite = np.isfinite(dataset.frames).all(axis=(1, 2))
    for index in np.flatnonzero(~finite):
        print(f"{path}: {dataset.names[index]} is left out, some of its decibels are no numbers", file=sys.stderr)
    if not finite.any():
        raise DatasetError(f"{path} holds no clip that can be used")
    return dataset if finite.all() else dataset.take(np.flatnonzero(finite).tolist())
