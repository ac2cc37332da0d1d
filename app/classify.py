"""Offline classification of one file: the same frames and the same model as live, as fast as they go."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from app.frame_reader import FrameReader, HeardFrame
from audio import FFT_LENGTH, SAMPLE_RATE, FileSource, UnreadableFile
from model import Classifier, ClassifierState, probabilities

CHUNK_FRAMES = 256  # at once through the model: enough to be quick, little to remember


@dataclass(frozen=True)
class FileAnswer:
    """What a file is."""

    path: Path
    genre: str
    probability: float  # of the genre
    probabilities: dict[str, float]  # of every genre: the mean over the file's tokens
    duration: float  # seconds of sound that were heard
    invalid_samples: int  # NaN or infinite ones, heard as silence


def classify_file(classifier: Classifier, path: Path) -> FileAnswer:
    """Decode, hear and answer. Raises UnreadableFile."""
    with FileSource(path) as source:
        reader = FrameReader(source)
        frames = iter(reader)
        state = classifier.init_state()
        total, heard, seconds = np.zeros(len(classifier.config.genres)), 0, 0.0
        while chunk := list(islice(frames, CHUNK_FRAMES)):
            answers, state = answer_frames(classifier, chunk, state)
            total += answers.sum(axis=0)
            heard += len(chunk)
            seconds = chunk[-1].seconds
    if not heard:
        shortest = 1000 * FFT_LENGTH / SAMPLE_RATE
        raise UnreadableFile(f"the sound is too short to classify: at least {shortest:.0f} ms are needed")
    if reader.all_invalid:
        raise UnreadableFile("every sample is NaN or infinite: check how the file was made")
    mean = total / heard
    best = int(mean.argmax())
    named = dict(zip(classifier.config.genres, mean.tolist(), strict=True))
    return FileAnswer(path, classifier.config.genres[best], float(mean[best]), named, seconds, reader.invalid_samples)


@torch.inference_mode()
def answer_frames(
    classifier: Classifier, frames: list[HeardFrame], state: ClassifierState
) -> tuple[NDArray[np.float64], ClassifierState]:
    """T frames -> probabilities (T, genres), and the state after them."""
    log_mel = torch.from_numpy(np.stack([frame.log_mel for frame in frames])).unsqueeze(0)
    logits, state = classifier.steps(log_mel, state)
    return probabilities(logits).squeeze(0).double().numpy(), state
