"""Offline classification: the same frames and the same model as live, as fast as they go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.files.answer import FileAnswer, Hop
from app.files.parameters import Parameters
from app.files.timeline import TimelineBuilder
from app.stream.frame_chunks import FrameChunks
from app.stream.offline_model import OfflineModel
from app.stream.unsure import is_unsure
from audio import FFT_LENGTH, SAMPLE_RATE, FileSource, Source, UnreadableFile

if TYPE_CHECKING:
    from app.files.compare import TwinRun


def classify_file(
    model: OfflineModel,
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

        return classify_source(model, source, str(path), parameters, on_time=tell)


def classify_source(
    model: OfflineModel,
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
    genres = model.config.genres
    chunks = FrameChunks(source, live, model.front_end)
    timeline = TimelineBuilder(model.config, parameters, keep=not live)
    twin = _begin_twin(model) if parameters.compare else None
    hearer = model.begin(live)
    total, heard, seconds = np.zeros(len(genres)), 0, 0.0
    for ends, frames in chunks:
        answers = hearer.hear(frames)
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
        unsure=is_unsure(mean, model.config),
        duration=seconds,
        timeline=timeline.timeline(),
        invalid_samples=chunks.invalid_samples,
        comparison=None if twin is None else twin.result(seconds),
    )


def _begin_twin(model: OfflineModel) -> TwinRun:
    from app.files.compare import TwinRun  # torch

    return TwinRun(model.reference())
