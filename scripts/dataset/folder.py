"""A folder of GTZAN audio, in any of its usual layouts; its features are kept, for computing them takes minutes."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import astuple
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.files.console import Console
from app.files.journal import Fingerprint, still_matches, take_fingerprint
from app.files.output import WholeFile
from app.stream.frames import FrameReader
from app.text import to_json
from audio import (
    BANDS,
    FFT_LENGTH,
    FLOOR_POWER,
    HOP,
    SAMPLE_RATE,
    SUFFIXES,
    AudioError,
    FileSource,
    UnreadableFile,
)
from model import GTZAN_GENRES
from scripts.dataset.clips import Dataset, DatasetError

CLIP_FRAMES = 386  # of the shortest clip of GTZAN, 29.93 s
FRONT_END = to_json(
    {"rate": SAMPLE_RATE, "fft": FFT_LENGTH, "hop": HOP, "bands": BANDS, "floor": FLOOR_POWER, "offset": "taken off"}
)


def read_folder(folder: Path, cache_folder: Path) -> Dataset:
    """genre/genre.NNNNN.wav, genre.NNNNN.wav, genres_original/genre/genre.NNNNN.au: what lies below `folder`.

    A clip that cannot be used is named and left out. Features are kept in `cache_folder`. Raises DatasetError.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; name the one that holds GTZAN")
    console = Console()
    cache = FeatureCache(cache_folder, folder)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    clips: dict[str, tuple[NDArray[np.float32], int]] = {}
    try:
        for number, path in enumerate(paths):
            console.progress(number / len(paths), path.name)
            genre = genre_of(path)
            if genre is None:
                console.note(f"{path}: left out, neither its name nor its folder is a genre of GTZAN")
                continue
            name = path.stem if path.name.startswith(f"{genre}.") else f"{genre}.{path.stem}"
            if name in clips:
                console.note(f"{path}: left out, there is another {name}")
                continue
            try:
                clips[name] = usable_frames(path, cache), GTZAN_GENRES.index(genre)
            except (AudioError, OSError) as error:
                console.note(f"{path}: left out, {error}")
    finally:  # also after Ctrl-C: what has been computed is kept
        console.clear()
        cache.write(console)
    if not clips:
        raise DatasetError(f"{folder} holds no GTZAN clips; expected files like blues/blues.00000.wav")
    return Dataset(
        tuple(clips),
        np.stack([frames for frames, _ in clips.values()]),
        np.array([label for _, label in clips.values()], dtype=np.int64),
        ("",) * len(clips),
        ("",) * len(clips),
        GTZAN_GENRES,
    )


def genre_of(path: Path) -> str | None:
    """From the file's name, or else from its folder's."""
    return next((name for name in (path.name.split(".")[0], path.parent.name) if name in GTZAN_GENRES), None)


def usable_frames(path: Path, cache: FeatureCache) -> NDArray[np.float32]:
    """The clip's frames, of the length that all have. Raises AudioError or OSError."""
    frames = cache.find(path)
    if frames is None:
        frames = log_mel_frames(path)
        if len(frames) < CLIP_FRAMES:
            raise UnreadableFile(f"{len(frames)} frames long, {CLIP_FRAMES} are needed")
        cache.add(path, frames)
    return frames


def log_mel_frames(path: Path) -> NDArray[np.float32]:
    """(T, bands) of the first 30 s of a file. Raises AudioError."""
    with FileSource(path) as source:
        reader = FrameReader(source)
        parts, count = [np.zeros((0, BANDS), np.float32)], 0
        for frames in reader.live():
            parts.append(frames.log_mels)
            count += len(frames)
            if count >= CLIP_FRAMES:
                break
    if reader.invalid_samples:
        raise UnreadableFile(f"{reader.invalid_samples} of its samples are no numbers")
    return np.concatenate(parts)[:CLIP_FRAMES]


class FeatureCache:
    """The features of one folder of audio: an npz named after its path.

    It holds each file's fingerprint (size, time, content) and frames, and one description of the front end. A changed
    file is read again, another front end begins anew. A cache that cannot be read is as none, and one that cannot be
    written costs only time.
    """

    def __init__(self, cache_folder: Path, audio_folder: Path) -> None:
        name = hashlib.blake2b(os.fsencode(audio_folder.resolve()), digest_size=8).hexdigest()
        self.path = cache_folder / f"features-{name}.npz"
        self._known: dict[str, tuple[Fingerprint, NDArray[np.float32]]] = {}
        self._changed = False
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                if str(kept["front_end"]) != FRONT_END:
                    return
                fingerprints = json.loads(str(kept["fingerprints"]))
                pieces = np.split(kept["frames"], np.cumsum(kept["lengths"])[:-1])
            if any(piece.shape != (CLIP_FRAMES, BANDS) for piece in pieces):
                return
            self._known = {
                path: (Fingerprint(*known), piece)
                for (path, known), piece in zip(fingerprints.items(), pieces, strict=True)
            }
        except Exception:  # numpy, zipfile and zlib have many ways to say that a file is damaged
            self._known = {}

    def find(self, file: Path) -> NDArray[np.float32] | None:
        """The frames of a file that has not changed since."""
        known = self._known.get(str(file.resolve()))
        return known[1] if known is not None and still_matches(str(file), known[0]) else None

    def add(self, file: Path, frames: NDArray[np.float32]) -> None:
        """Raises OSError."""
        self._known[str(file.resolve())] = (take_fingerprint(str(file)), frames)
        self._changed = True

    def write(self, console: Console) -> None:
        """Where that is not possible, it is said, and what was there before is still there."""
        if not self._changed:
            return
        try:
            with WholeFile(self.path, binary=True) as whole:
                np.savez(
                    whole.stream,
                    front_end=FRONT_END,
                    fingerprints=to_json({path: astuple(known) for path, (known, _) in self._known.items()}),
                    lengths=np.array([len(frames) for _, frames in self._known.values()], dtype=np.int64),
                    frames=np.concatenate([frames for _, frames in self._known.values()]),
                )
                whole.commit()
        except OSError as error:
            said = f"the features could not be kept in {self.path} ({error.strerror})"
            console.note(f"{said}: next time they are made anew")
