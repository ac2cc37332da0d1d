"""One file, pipe or microphone, offline: the same frames and the same model as live, as fast as they go."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from app.files.answer import FileAnswer, Hop, TimelineBuilder
from app.files.inputs import STANDARD_INPUT
from app.files.parameters import Parameters
from app.stream.frames import FrameReader
from app.stream.models import Model, with_twin
from app.stream.snapshot import is_unsure
from app.stream.stream import Stream, TwinTally
from app.stream.twin import TwinRunner
from audio import FFT_LENGTH, SAMPLE_RATE, FileSource, RawFormat, RawSource, Source, StreamSource, UnreadableFile


def classify_file(
    model: Model,
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
    model: Model,
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
    stream, tally = _begin(model, parameters.compare, live)
    reader = FrameReader(source, model.front_end)
    timeline = TimelineBuilder(model.config, parameters, keep=not live)
    total, heard, seconds = np.zeros(len(genres)), 0, 0.0
    for frames in reader.live() if live else reader.chunks():
        answers = stream.push(frames.log_mels)
        if tally is not None:
            tally.add(answers)
        total += answers.probabilities.sum(axis=0)
        heard += len(frames)
        for hop in timeline.push(frames.ends, answers.probabilities):
            if on_hop is not None:
                on_hop(hop)
        seconds = float(frames.ends[-1]) if len(frames) else seconds
        if on_time is not None:
            on_time(seconds)
    if not heard:
        shortest = 1000 * FFT_LENGTH / SAMPLE_RATE
        raise UnreadableFile(f"the sound is too short to classify: at least {shortest:.0f} ms are needed")
    if reader.all_invalid:
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
        invalid_samples=reader.invalid_samples,
        comparison=None if tally is None else tally.result(seconds),
    )


def _begin(model: Model, compare: bool, live: bool) -> tuple[Stream, TwinTally | None]:
    if not compare:
        return Stream(model, singly=live), None
    make_twin = with_twin(model).make_twin
    assert make_twin is not None
    return Stream(model, TwinRunner(make_twin(), frame_seconds=math.inf)), TwinTally(model.config)


@contextmanager
def open_pipe(path: str, raw: RawFormat | None, channel: int | None) -> Iterator[RawSource | StreamSource]:
    """Standard input for "-", else a named pipe; `raw` describes only the former. Raises UnreadableFile."""
    if path == STANDARD_INPUT:
        with _standard_input(raw, channel) as source:
            yield source
        return
    try:
        pipe = open(path, "rb", buffering=0)  # noqa: SIM115 (what goes wrong later is not about opening)
    except OSError as error:
        raise UnreadableFile(f"the pipe cannot be opened ({error.strerror}): check its permissions") from error
    with pipe, StreamSource(pipe.fileno(), path, channel) as source:
        yield source


def _standard_input(raw: RawFormat | None, channel: int | None) -> RawSource | StreamSource:
    if sys.stdin is None or sys.stdin.closed:
        raise UnreadableFile("standard input is closed: pipe sound into it")
    if sys.stdin.isatty():
        raise UnreadableFile("standard input is a terminal: pipe sound into it")
    descriptor = sys.stdin.fileno()
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)
    if raw is None:
        return StreamSource(descriptor, channel=channel)
    return RawSource(descriptor, raw, channel=channel)


def leftover_note(source: Source) -> str:
    """What to say when the stream has ended, "" if there is nothing."""
    leftover = source.leftover_bytes if isinstance(source, RawSource) else 0
    return f"the stream ended in the middle of a sample: {leftover} bytes were left out" if leftover else ""
