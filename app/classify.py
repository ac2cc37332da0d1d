"""Offline classification: the same frames and the same model as live, as fast as they go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from app.offline.answer import FileAnswer, Hop
from app.offline.compare import TwinRun
from app.offline.frame_chunks import FrameChunks
from app.offline.parameters import Parameters
from app.offline.timeline import TimelineBuilder
from app.offline.unsure import is_unsure
from audio import FFT_LENGTH, SAMPLE_RATE, FileSource, Source, UnreadableFile
from model import Classifier, probabilities


def classify_file(
    classifier: Classifier,
    path: Path,
    parameters: Parameters | None = None,
    on_progress: Callable[[float, float | None], None] | None = None,
) -> FileAnswer:
    """Decode, hear and answer. `on_progress` is told seconds heard and, where known, in all. Raises UnreadableFile."""
    parameters = parameters or Parameters()
    with FileSource(path, parameters.channel_index) as source:

        def tell(seconds: float) -> None:
            if on_progress is not None:
                on_progress(seconds, source.duration)

        return classify_source(classifier, source, str(path), parameters, on_time=tell)


def classify_source(
    classifier: Classifier,
    source: Source,
    path: str,
    parameters: Parameters,
    live: bool = False,
    on_hop: Callable[[Hop], None] | None = None,
    on_time: Callable[[float], None] | None = None,
) -> FileAnswer:
    """Hear a source to its end. `on_hop` gets every hop as soon as it is over, `on_time` the seconds heard.

    Live: every frame is answered as soon as it arrives, a step at a time; otherwise in large chunks, which gives the
    same probabilities to 1e-5; the hops are handed out, and not kept. Raises UnreadableFile.
    """
    genres = classifier.config.genres
    chunks = FrameChunks(source, live)
    timeline = TimelineBuilder(genres, parameters, keep=not live)
    twin = TwinRun(classifier) if parameters.compare else None
    answerer = Answerer(classifier, live)
    total, heard, seconds = np.zeros(len(genres)), 0, 0.0
    for ends, frames in chunks:
        answers = answerer.hear(frames)
        if twin is not None:
            twin.hear(frames)
        total += answers.sum(axis=0)
        heard += len(frames)
        for hop in timeline.push(ends, answers):
            if on_hop is not None:
                on_hop(hop)
        seconds = float(ends[-1]) if len(ends) else seconds
        if on_time is not None:
            on_time(seconds)
    if not heard:
        shortest = 1000 * FFT_LENGTH / SAMPLE_RATE
        raise UnreadableFile(f"the sound is too short to classify: at least {shortest:.0f} ms are needed")
    if chunks.all_invalid:
        raise UnreadableFile("every sample is NaN or infinite: check how the file was made")
    for hop in timeline.finish():
        if on_hop is not None:
            on_hop(hop)
    mean = total / heard
    best = int(mean.argmax())
    return FileAnswer(
        path=path,
        genre=genres[best],
        probability=float(mean[best]),
        probabilities=dict(zip(genres, mean.tolist(), strict=True)),
        unsure=is_unsure(mean),
        duration=seconds,
        timeline=timeline.timeline(),
        invalid_samples=chunks.invalid_samples,
        comparison=None if twin is None else twin.result(seconds),
    )


class Answerer:
    """One stream through the continual model."""

    def __init__(self, classifier: Classifier, live: bool) -> None:
        self._classifier = classifier
        self._live = live
        self._state = classifier.init_state()

    @torch.inference_mode()
    def hear(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        """frames (T, bands) dB -> probabilities (T, genres)."""
        batch = torch.from_numpy(frames).unsqueeze(0)
        if not self._live:
            logits, self._state = self._classifier.steps(batch, self._state)
            return _to_array(logits[0])
        answers = np.zeros((len(frames), len(self._classifier.config.genres)))
        for index in range(len(frames)):  # a few frames at once would look back on the whole window for each few
            logits, self._state = self._classifier.step(batch[:, index], self._state)
            answers[index] = _to_array(logits[0])
        return answers


def _to_array(logits: torch.Tensor) -> NDArray[np.float64]:
    return probabilities(logits).double().numpy()
