"""Endless streams: clips joined in random order with hard cuts, and how the answer on the screen fares in them.

That answer is the mean of the last 39 token probabilities (3 s), as in app/stream/answerer.py. Nothing is reset at a
cut.

Tensor dimensions: S streams, C clips in each, T frames of a clip, G genres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.stream.answerer import SMOOTHING_FRAMES
from audio import FRAME_SECONDS
from model import Classifier, probabilities
from model.training import clip_probabilities
from scripts.dataset import Dataset, DatasetError
from scripts.measures.clips import labels_for

MINUTES = 10
CHUNK = 387  # frames that go through the model at once
BATCH = 8  # streams


@dataclass(frozen=True)
class Streams:
    """Which clips follow each other, and what the screen says."""

    order: NDArray[np.int64]  # (S, C) index of the clip
    labels: NDArray[np.int64]  # (S, C)
    shown: NDArray[np.int64]  # (S, C, T) the genre that leads
    right_alone: NDArray[np.bool_]  # (S, C) whether the model ends on the right genre when it hears the clip alone


def hear_streams(classifier: Classifier, dataset: Dataset, orders: int, seed: int = 0) -> Streams:
    """Streams of ten minutes; every order uses each clip at most once. Raises DatasetError for too few clips."""
    labels = labels_for(classifier.config, dataset).numpy()
    clips, frames, _ = dataset.frames.shape
    in_a_stream = math.ceil(MINUTES * 60 / (frames * FRAME_SECONDS))
    if clips < in_a_stream:
        raise DatasetError(f"{clips} clips are less than {MINUTES} minutes; {in_a_stream} are needed")
    random = np.random.default_rng(seed)
    each = clips // in_a_stream
    order = np.concatenate(
        [random.permutation(clips)[: each * in_a_stream].reshape(each, in_a_stream) for _ in range(orders)]
    )
    alone = smooth(clip_probabilities(classifier, torch.from_numpy(dataset.frames)))[:, -1].argmax(dim=-1).numpy()
    shown = [
        smooth(
            _hear(classifier, torch.from_numpy(dataset.frames[part].reshape(len(part), -1, dataset.frames.shape[2])))
        )
        .argmax(dim=-1)
        .numpy()
        for part in np.split(order, range(BATCH, len(order), BATCH))
    ]
    return Streams(
        order, labels[order], np.concatenate(shown).reshape(len(order), in_a_stream, frames), (alone == labels)[order]
    )


def stream_figures(streams: Streams) -> dict[str, Any]:
    """`accuracy_by_minute`: share of the time that the screen is right, minutes 1 to 10, `accuracy` over all.

    `follow_seconds`: after a change of genre, the median time until the new one leads, where it did not lead already
    and where the model names it right when it hears the clip alone; `follow_seconds_any` also where it does not. A
    genre that does not lead before the clip is over counts as longer than any; null where the median does.
    `followed`: the share that leads in time; `changes`: how many.
    """
    right = streams.shown == streams.labels[:, :, None]
    by_frame = right.reshape(len(right), -1).mean(axis=0)
    minute = (np.arange(len(by_frame)) * FRAME_SECONDS // 60).astype(np.int64)
    frames = right.shape[2]
    leads = right[:, 1:]
    delay = np.where(leads.any(axis=2), leads.argmax(axis=2) + 1.0, np.inf) * FRAME_SECONDS
    before = streams.shown[:, :-1, frames - 1]  # what was shown when the music changed
    changed = (streams.labels[:, 1:] != streams.labels[:, :-1]) & (before != streams.labels[:, 1:])
    fair = changed & streams.right_alone[:, 1:]
    return {
        "accuracy": float(by_frame.mean()),
        "accuracy_by_minute": [float(by_frame[minute == number].mean()) for number in range(MINUTES)],
        "follow_seconds": _median(delay[fair]),
        "follow_seconds_any": _median(delay[changed]),
        "followed": float(np.isfinite(delay[fair]).mean()) if fair.any() else None,
        "changes": int(fair.sum()),
    }


def looking_back(classifier: Classifier, window: int, level_window: int) -> Classifier:
    """The same weights with other windows, ready for inference: no weight knows how long they are.

    classifier: as it was saved, not yet made ready. Raises ValueError.
    """
    other = Classifier(replace(classifier.config.with_window(window), level_window=level_window))
    other.load_state_dict(classifier.state_dict())
    return other.for_inference()


def smooth(tokens: Tensor, frames: int = SMOOTHING_FRAMES) -> Tensor:
    """Token probabilities (S, L, G) -> (S, L, G): the mean over the last `frames`, from the first frame on."""
    sums = torch.cumsum(tokens.double(), dim=1)
    sums[:, frames:] = sums[:, frames:] - sums[:, :-frames].clone()
    return sums / torch.arange(1, tokens.shape[1] + 1).clamp(max=frames).view(1, -1, 1)


@torch.inference_mode()
def _hear(classifier: Classifier, frames: Tensor) -> Tensor:
    """frames (S, L, bands) -> token probabilities (S, L, G), in pieces: a stream does not fit the memory at once."""
    state = classifier.init_state(len(frames))
    heard = []
    for piece in frames.split(CHUNK, dim=1):
        logits, state = classifier.steps(piece, state)
        heard.append(probabilities(logits))
    return torch.cat(heard, dim=1)


def _median(seconds: NDArray[np.float64]) -> float | None:
    if not len(seconds):
        return None
    middle = float(np.median(seconds))
    return middle if math.isfinite(middle) else None
