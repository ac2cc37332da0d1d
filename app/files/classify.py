"""One file, pipe or microphone, offline: the same frames and the same model as live, as fast as they go."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from app.files.answer import FileAnswer, FileError, Hop, TimelineBuilder, judge, verdict_of
from app.files.journal import Fingerprint, take_fingerprint
from app.files.parameters import Parameters
from app.stream.frames import FrameReader, Frames
from app.stream.models import Model, identify, load_model, with_twin
from app.stream.stream import Answers, Stream, TwinTally
from app.stream.twin import TwinRunner
from audio import FFT_LENGTH, SAMPLE_RATE, FileSource, LevelMeter, Source, UnreadableFile, frame_levels
from model import WeightsError

Progress = Callable[[float], object]  # share of one file that is done, 0..1


def ignore(_: object) -> None:
    """For those who do not want to be told."""


@dataclass(frozen=True)
class Task:
    """What is to be done, small enough to be sent anywhere."""

    path: str
    weights: str
    weights_hash: str
    parameters: Parameters
    fingerprint: bool  # whether that of the file is wanted too


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    result: FileAnswer | FileError
    fingerprint: Fingerprint | None = None
    fault: str = ""  # the traceback, where the program itself is at fault


def perform(task: Task, on_progress: Progress = ignore) -> Outcome:
    """Never raises for what is wrong with one file: the others are still done."""
    try:
        model = load_once(task.weights, task.weights_hash)
        # Before it is read: a file that changes meanwhile will not match, and is done again.
        fingerprint = None
        with suppress(OSError):  # the decoder says it in better words
            fingerprint = take_fingerprint(task.path) if task.fingerprint else None
        return Outcome(classify_file(model, task.path, task.parameters, on_progress), fingerprint)
    except (UnreadableFile, WeightsError) as error:
        return Outcome(FileError(task.path, str(error)))
    except OSError as error:
        return Outcome(FileError(task.path, f"the file cannot be read to its end ({error.strerror}): try it again"))
    except Exception as error:
        sentence = f"the program failed on this file ({error!r}): please report it, with what --verbose says"
        return Outcome(FileError(task.path, sentence), fault=traceback.format_exc())


def classify_file(
    model: Model, path: str | Path, parameters: Parameters | None = None, on_progress: Progress = ignore
) -> FileAnswer:
    """Decode a file and answer it. `on_progress` is told 0 while its length is not known. Raises UnreadableFile."""
    parameters = parameters or Parameters()
    with FileSource(path, parameters.channel_index, parameters.track) as source:

        def tell(seconds: float) -> None:
            on_progress(min(seconds / source.duration, 1.0) if source.duration else 0.0)

        return classify_source(model, source, str(path), parameters, on_time=tell)


def classify_source(
    model: Model,
    source: Source,
    path: str,
    parameters: Parameters,
    live: bool = False,
    on_hop: Callable[[Hop], object] = ignore,
    on_time: Callable[[float], object] = ignore,
    on_answers: Callable[[Frames, Answers], object] | None = None,
) -> FileAnswer:
    """Answer a source to its end. `on_hop` gets every hop as soon as it is over, `on_time` the seconds so far,
    `on_answers` the frames of every read, where there are any, with their levels only when it is live.

    Live: every frame is answered as soon as it arrives, a step at a time; otherwise in large chunks, which gives the
    same probabilities to 1e-5; the hops are handed out, and not kept. Raises UnreadableFile, and WeightsError where the
    model has no answer.
    """
    genres = parameters.genres or model.config.genres
    twin: TwinRunner | None = None
    tally: TwinTally | None = None
    if parameters.compare:
        make_twin = with_twin(model).make_twin
        assert make_twin is not None
        twin, tally = TwinRunner(make_twin(), frame_seconds=math.inf), TwinTally(model.config)
    stream = Stream(model, twin, singly=live)
    reader = FrameReader(source, meter=LevelMeter(source.sample_rate) if live else None)
    timeline = TimelineBuilder(model.config, parameters, keep=not live)
    total, count, seconds = np.zeros(len(model.config.genres)), 0, 0.0
    for frames in reader.live() if live else reader.chunks():
        answers = stream.push(frames.log_mels)
        if tally is not None:
            tally.add(answers)
        if on_answers is not None and len(frames):
            on_answers(frames, answers)
        total += answers.probabilities.sum(axis=0)
        count += len(frames)
        for hop in timeline.push(frames.ends, answers.probabilities, frame_levels(frames.log_mels)):
            on_hop(hop)
        seconds = float(frames.ends[-1]) if len(frames) else seconds
        on_time(seconds)
    if not count:
        shortest = 1000 * FFT_LENGTH / SAMPLE_RATE
        raise UnreadableFile(f"the sound is too short to classify: at least {shortest:.0f} ms are needed")
    if reader.all_invalid:
        raise UnreadableFile("every sample is NaN, infinite or absurdly large: check how the file was made")
    if not np.isfinite(total).all():
        raise WeightsError("the model's answers are no numbers: its weights are damaged, fetch them again")
    for hop in timeline.finish():
        on_hop(hop)
    mean, share, unsure = judge(total / count, model.config, parameters.genres)
    best, heard = int(mean.argmax()), timeline.timeline()
    verdict = verdict_of(unsure, timeline.is_silence)
    if source.cancels:
        verdict, heard = "cancelled", replace(heard, silent=np.ones(len(heard), np.bool_))
    return FileAnswer(
        path=path,
        genre=genres[best],
        probability=float(mean[best]),
        probabilities=dict(zip(genres, mean.tolist(), strict=True)),
        unsure=unsure,
        verdict=verdict,
        duration=seconds,
        sample_rate=source.sample_rate,
        timeline=heard,
        invalid_samples=reader.invalid_samples,
        complete=source.complete,
        track=source.track,
        tracks=source.tracks,
        share=share,
        comparison=None if tally is None else tally.result(seconds),
    )


@lru_cache(maxsize=1)
def load_once(weights: str, weights_hash: str) -> Model:
    """The model, loaded once in a process. Raises WeightsError, also when it is another one than was asked for."""
    model = load_model(Path(weights))
    if identify(Path(weights))["hash"] != weights_hash:
        raise WeightsError(f"{weights} is another model where the work is done: give every machine the same file")
    return model
