"""A folder of audio: GTZAN in any of its usual layouts, or genres of one's own. Its features are kept, for computing
them takes minutes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.files.console import Console
from app.files.journal import Fingerprint, still_matches, take_fingerprint
from app.files.output import WholeFile
from app.stream.frames import FrameReader
from app.text import one_line, to_json
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
PIECES = 4  # of a recording of one's own, from its beginning to its end: it is rarely the same all the way
LEAST_FRAMES = 65  # 5 s; what is shorter than a clip is repeated until it is as long
MOST_FRAMES = 7740  # 10 minutes: what lies behind is not heard
MOST_GENRES = 50
GTZAN_NAME = re.compile(rf"({'|'.join(GTZAN_GENRES)})\.\d+\.")
FRONT_END = to_json(
    {"rate": SAMPLE_RATE, "fft": FFT_LENGTH, "hop": HOP, "bands": BANDS, "floor": FLOOR_POWER, "clip": CLIP_FRAMES}
)


def read_folder(folder: Path, cache_folder: Path) -> Dataset:
    """GTZAN, where most files are named as there: genre/genre.NNNNN.wav, genre.NNNNN.wav,
    genres_original/genre/genre.NNNNN.au, wherever they lie below `folder`. Else one's own genres: a folder of any sound
    for each; a folder within it is an artist.

    A file that cannot be used is named and left out. Features are kept in `cache_folder`. Raises DatasetError.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; name the one that holds GTZAN, or a folder for each genre")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not is_hidden(path.relative_to(folder)) and path.is_file()
    )
    is_gtzan = 2 * sum(GTZAN_NAME.match(path.name) is not None for path in paths) >= len(paths)
    genres = GTZAN_GENRES if is_gtzan else own_genres(folder, paths)
    clips: list[Clip] = []
    console = Console()
    cache = FeatureCache(cache_folder, console)
    try:
        for number, path in enumerate(paths):
            console.progress(number / len(paths), path.name)
            try:
                clips += gtzan_clips(path, cache, clips) if is_gtzan else own_clips(path, cache, folder)
            except (AudioError, OSError) as error:
                console.note(one_line(f"{path}: left out, {error}"))
    finally:
        console.clear()
    if not clips:
        wanted = "expected files like blues/blues.00000.wav, or a folder of sound for each genre"
        raise DatasetError(f"{folder} holds no clips that can be used; {wanted}")
    if not is_gtzan and (without := set(genres) - {clip.genre for clip in clips}):
        raise DatasetError(f"no file of {sorted(without)[0]!r} can be used: put others there, or take the folder away")
    return Dataset(
        tuple(clip.name for clip in clips),
        np.stack([clip.frames for clip in clips]),
        np.array([genres.index(clip.genre) for clip in clips], dtype=np.int64),
        ("",) * len(clips),
        tuple(clip.artist for clip in clips),
        genres,
    )


class Clip(NamedTuple):
    """frames (CLIP_FRAMES, BANDS) dB; artist: "" where not known."""

    name: str
    genre: str
    frames: NDArray[np.float32]
    artist: str = ""


def is_hidden(path: Path) -> bool:
    """Whether it, or a folder on the way to it, is one that systems and programs keep for themselves."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def gtzan_clips(path: Path, cache: FeatureCache, known: Sequence[Clip]) -> list[Clip]:
    """The one clip of a file of GTZAN. Raises AudioError or OSError."""
    genre = genre_of(path)
    if genre is None:
        raise UnreadableFile("neither its name nor its folder is a genre of GTZAN")
    name = path.stem if path.name.startswith(f"{genre}.") else f"{genre}.{path.stem}"
    if any(name == clip.name for clip in known):
        raise UnreadableFile(f"there is another {name}")
    return [Clip(name, genre, usable_frames(path, cache, CLIP_FRAMES, CLIP_FRAMES)[:CLIP_FRAMES])]


def genre_of(path: Path) -> str | None:
    """From the file's name, or else from its folder's."""
    return next((name for name in (path.name.split(".")[0], path.parent.name) if name in GTZAN_GENRES), None)


def own_genres(folder: Path, paths: Sequence[Path]) -> tuple[str, ...]:
    """The folders right below, sorted. Raises DatasetError where one cannot be a genre, or they are too many."""
    genres = sorted(child.name for child in folder.iterdir() if child.is_dir() and not is_hidden(Path(child.name)))
    filled = {path.relative_to(folder).parts[0] for path in paths}
    for genre in genres:
        if not genre.isprintable():
            raise DatasetError(f"the folder {genre!r} cannot name a genre: rename it, with letters that can be printed")
        if genre not in filled:
            raise DatasetError(f"the folder {genre!r} holds no sound: put some there, or take it away")
    if len(genres) > MOST_GENRES:
        raise DatasetError(f"{folder} has {len(genres)} folders; expected one for each of 2 to {MOST_GENRES} genres")
    return tuple(genres)


def own_clips(path: Path, cache: FeatureCache, folder: Path) -> list[Clip]:
    """The pieces of a recording, which are named after it. Raises AudioError or OSError."""
    genre, *between = path.relative_to(folder).parts[:-1] or ("",)
    if not genre:
        raise UnreadableFile("it lies in no folder of a genre")
    frames = usable_frames(path, cache, LEAST_FRAMES, MOST_FRAMES)
    if between:
        artist = between[0]
    else:
        with FileSource(path) as source:
            artist = source.artist
    name = path.relative_to(folder).as_posix()
    pieces = np.split(frames, len(frames) // CLIP_FRAMES)
    return [Clip(f"{name}:{number}", genre, piece, artist) for number, piece in enumerate(pieces, 1)]


def usable_frames(path: Path, cache: FeatureCache, least: int, most: int) -> NDArray[np.float32]:
    """(k * CLIP_FRAMES, BANDS): k pieces of its first `most` frames, of which `least` must be. Raises AudioError or
    OSError.
    """
    frames = cache.find(path, most)
    if frames is None:
        heard = log_mel_frames(path, most)
        if len(heard) < least:
            raise UnreadableFile(f"{len(heard)} frames long, {least} are needed")
        if len(heard) < CLIP_FRAMES:
            heard = np.resize(heard, (CLIP_FRAMES, BANDS))
        count = min(PIECES, len(heard) // CLIP_FRAMES)
        begins = np.linspace(0, len(heard) - CLIP_FRAMES, count).astype(int)
        frames = np.concatenate([heard[begin : begin + CLIP_FRAMES] for begin in begins])
        cache.add(path, most, frames)
    return frames


def log_mel_frames(path: Path, most: int) -> NDArray[np.float32]:
    """(T, bands) of a file, at most so many. Raises AudioError."""
    with FileSource(path) as source:
        reader = FrameReader(source)
        parts, count = [np.zeros((0, BANDS), np.float32)], 0
        for frames in reader.live():
            parts.append(frames.log_mels)
            count += len(frames)
            if count >= most:
                break
    if reader.invalid_samples:
        raise UnreadableFile(f"{reader.invalid_samples} of its samples are no numbers")
    return np.concatenate(parts)[:most]


class FeatureCache:
    """The features of every file of audio: an npz for each, named after its path.

    It holds the file's fingerprint (size, time, content) and what else its frames depend on; where one has changed, the
    file is read again. What cannot be read is as none, and what cannot be written costs only time, and is said once.
    """

    def __init__(self, folder: Path, console: Console) -> None:
        self._folder, self._console = folder / "features", console
        self._is_writable = True

    def find(self, file: Path, most: int) -> NDArray[np.float32] | None:
        """The frames of a file that has not changed since; they are of its first `most`."""
        try:
            with self._place(file).open("rb") as kept, np.load(kept, allow_pickle=False) as fields:
                front_end, of_first, fingerprint = json.loads(str(fields["made_of"]))
                frames: NDArray[np.float32] = fields["frames"]
            same = (front_end, of_first) == (FRONT_END, most) and still_matches(str(file), Fingerprint(*fingerprint))
        except Exception:  # numpy, zipfile and zlib have many ways to say that a file is damaged
            return None
        return frames if same else None

    def add(self, file: Path, most: int, frames: NDArray[np.float32]) -> None:
        """Where it cannot be written, what was there before is still there."""
        if not self._is_writable:
            return
        place = self._place(file)
        try:
            made_of = to_json([FRONT_END, most, astuple(take_fingerprint(str(file)))])
            with WholeFile(place, binary=True) as whole:
                np.savez(whole.stream, made_of=made_of, frames=frames)
                whole.commit()
        except OSError as error:
            self._is_writable = False
            said = f"the features could not be kept in {place.parent} ({error.strerror})"
            self._console.note(f"{said}: next time they are made anew")

    def _place(self, file: Path) -> Path:
        name = hashlib.blake2b(os.fsencode(file.resolve()), digest_size=8).hexdigest()
        return self._folder / f"{name}.npz"
