"""Features of a folder, kept: hearing a thousand clips takes minutes, reading them back a second.

One npz per folder of audio, in the user's cache folder, named after the folder's path. It holds, per file, the
fingerprint (size, time, content) that the file had when it was heard, and its frames; and one description of the front
end. A changed file is heard again, another front end begins anew. It is written whole or not at all, also when the
work is interrupted; a cache that cannot be read is as none, and one that cannot be written costs only time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from dataclasses import astuple
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.files.fingerprint import Fingerprint, still_matches, take_fingerprint
from audio import BANDS, FFT_LENGTH, FLOOR_POWER, HOP, SAMPLE_RATE

FRONT_END = json.dumps({"rate": SAMPLE_RATE, "fft": FFT_LENGTH, "hop": HOP, "bands": BANDS, "floor": FLOOR_POWER})


def default_cache_folder() -> Path:
    """Where this system keeps what can be made again."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "nystream" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "nystream"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nystream"


class FeatureCache:
    """Of one folder of audio."""

    def __init__(self, cache_folder: Path, audio_folder: Path) -> None:
        name = hashlib.blake2b(os.fsencode(audio_folder.resolve()), digest_size=8).hexdigest()
        self.path = cache_folder / f"features-{name}.npz"
        self._known: dict[str, tuple[Fingerprint, NDArray[np.float32]]] = {}
        self._changed = False
        self._read()

    def find(self, file: Path) -> NDArray[np.float32] | None:
        """The frames of a file that has not changed since."""
        known = self._known.get(str(file.resolve()))
        return known[1] if known is not None and still_matches(str(file), known[0]) else None

    def add(self, file: Path, frames: NDArray[np.float32]) -> None:
        """Raises OSError."""
        self._known[str(file.resolve())] = (take_fingerprint(str(file)), frames)
        self._changed = True

    def write(self) -> None:
        """Raises OSError; what was there before is then still there."""
        if not self._changed:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lengths = [len(frames) for _, frames in self._known.values()]
        partial = self.path.with_suffix(".partial")
        try:
            with partial.open("wb") as file:
                np.savez(
                    file,
                    front_end=FRONT_END,
                    fingerprints=json.dumps({path: astuple(known) for path, (known, _) in self._known.items()}),
                    lengths=np.array(lengths, dtype=np.int64),
                    frames=np.concatenate([frames for _, frames in self._known.values()]),
                )
            partial.replace(self.path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        self._changed = False

    def _read(self) -> None:
        try:
            with np.load(self.path, allow_pickle=False) as kept:
                if str(kept["front_end"]) != FRONT_END:
                    return
                fingerprints = json.loads(str(kept["fingerprints"]))
                pieces = np.split(kept["frames"], np.cumsum(kept["lengths"])[:-1])
            self._known = {
                path: (Fingerprint(*known), piece)
                for (path, known), piece in zip(fingerprints.items(), pieces, strict=True)
            }
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            self._known = {}
