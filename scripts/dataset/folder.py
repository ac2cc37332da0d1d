"""A folder of GTZAN audio, in any of its usual layouts."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.files.console import Console
from app.stream.frame_reader import FrameReader
from audio import BANDS, AudioError, FileSource, UnreadableFile
from model import GTZAN_GENRES
from scripts.dataset.cache import FeatureCache
from scripts.dataset.clips import Dataset, DatasetError

CLIP_FRAMES = 386  # of the shortest clip of GTZAN, 29.93 s
AUDIO_SUFFIXES = {".wav", ".au", ".flac", ".mp3", ".ogg"}


def read_folder(folder: Path, cache_folder: Path | None = None) -> Dataset:
    """genre/genre.NNNNN.wav, genre.NNNNN.wav, genres_original/genre/genre.NNNNN.au: what lies below `folder`.

    A clip that cannot be used is named and left out. Features are kept in `cache_folder`. Raises DatasetError.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; name the one that holds GTZAN")
    console = Console()
    cache = FeatureCache(cache_folder, folder) if cache_folder else None
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file())
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
                clips[name] = _usable(path, cache), GTZAN_GENRES.index(genre)
            except (AudioError, OSError) as error:
                console.note(f"{path}: left out, {error}")
    finally:  # also of Ctrl-C: what has been heard need not be heard again
        console.clear()
        if cache is not None:
            _keep(cache, console)
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
    for name in (path.name.split(".")[0], path.parent.name):
        if name in GTZAN_GENRES:
            return name
    return None


def hear(path: Path) -> NDArray[np.float32]:
    """The log-mel frames (T, bands) of the first 30 s of a file. Raises AudioError."""
    with FileSource(path) as source:
        reader = FrameReader(source)
        heard = [frame.log_mel for frame in islice(reader, CLIP_FRAMES)]
    if reader.invalid_samples:
        raise UnreadableFile(f"{reader.invalid_samples} of its samples are no numbers")
    return np.stack(heard) if heard else np.zeros((0, BANDS), np.float32)


def _usable(path: Path, cache: FeatureCache | None) -> NDArray[np.float32]:
    """The clip's frames, of the length that all have. Raises AudioError or OSError."""
    frames = cache.find(path) if cache is not None else None
    if frames is None:
        frames = hear(path)
        if cache is not None and len(frames) >= CLIP_FRAMES:
            cache.add(path, frames)
    if len(frames) < CLIP_FRAMES:
        raise UnreadableFile(f"{len(frames)} frames long, {CLIP_FRAMES} are needed")
    return frames[:CLIP_FRAMES]


def _keep(cache: FeatureCache, console: Console) -> None:
    try:
        cache.write()
    except OSError as error:
        console.note(f"the features could not be kept in {cache.path} ({error.strerror}): next time they are made anew")
