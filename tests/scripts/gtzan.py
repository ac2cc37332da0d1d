"""GTZAN made here: noise with one bright stripe per genre, as a pack and as audio; and the scripts to run on it."""

from __future__ import annotations

import io
import runpy
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from audio import BANDS
from model import GTZAN_GENRES
from model.training import TrainingPlan
from scripts.made_sounds import BACKGROUND, pool_path
from scripts.training.run import BACKGROUNDS_EACH, OUTLIER_SEED, OUTLIERS, pool_frames

CHECKOUT = Path(__file__).resolve().parents[2]
NOISE = 0.1 * np.random.default_rng(1).normal(size=30 * 22_050)


def script(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script to its end, in this process: to start another one takes longer than most of them do."""
    path, threads = CHECKOUT / "scripts" / name, torch.get_num_threads()
    out, error, code = io.StringIO(), io.StringIO(), 0
    command = [str(path), *map(str, arguments)]
    with redirect_stdout(out), redirect_stderr(error), patch("sys.argv", command), patch("sys.path", sys.path.copy()):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            torch.set_num_threads(threads)
    return subprocess.CompletedProcess(command, code, out.getvalue(), error.getvalue())


def pack_fields(clips: int = 40, frames: int = 220) -> dict[str, Any]:
    """The fields of a pack: the first half trains, the second checks."""
    random = np.random.default_rng(0)
    genre = np.arange(clips) % 10
    mel = random.integers(60, 120, (clips, frames, 128))
    for clip, index in enumerate(genre):
        mel[clip, :, 12 * index : 12 * index + 10] = 230
    half = clips // 2
    return {
        "mel": mel.astype(np.uint8),
        "range_db": np.full(clips, 80.0, np.float32),
        "max_db": np.full(clips, 30.0, np.float32),
        "clip": np.array([f"{GTZAN_GENRES[index]}.{clip:05d}" for clip, index in enumerate(genre)]),
        "genre": genre,
        "genres": np.array(GTZAN_GENRES),
        "split": np.array(["train"] * half + ["valid"] * (clips - half)),
        "artist": np.array([f"artist {clip}" for clip in range(clips)]),
    }


def write_pack(path: Path, **changed: Any) -> Path:
    """The made pack with some fields changed; None leaves one out."""
    fields = {name: value for name, value in (pack_fields() | changed).items() if value is not None}
    np.savez(path, **fields)
    return path


def write_clip(path: Path, samples: NDArray[np.float64] = NOISE, **how: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, 22_050, **how)
    return path


def fill_sound_cache(folder: Path, plan: TrainingPlan | None = None) -> Path:
    """Put pools where made sounds are kept, so that no test waits for the real ones."""
    frames = pool_frames(plan or TrainingPlan())
    sounds = np.random.default_rng(0).normal(-40.0, 5.0, (4, frames, BANDS)).astype(np.float32)
    np.savez(pool_path(folder, BACKGROUND, BACKGROUNDS_EACH, frames), frames=sounds)
    for kind, each in OUTLIERS.items():
        np.savez(pool_path(folder, (kind,), each, frames, first_seed=OUTLIER_SEED), frames=sounds)
    return folder
