"""One stream of one model: log-mel frames in, answers out, each part timed, the twin beside it when that is wanted.

    reader = FrameReader(source)
    stream = Stream(model)
    for frames in reader.chunks():
        probabilities = stream.push(frames.log_mels).probabilities  # (T, genres)

Everything that answers frames does it here: the live engine, `listen`, `classify` and its `--compare`, `bench`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.stream.models import Model
from app.stream.twin import TwinAnswer, TwinRunner
from model import ModelConfig, step_cost, twin_cost


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What T frames give, and the nanoseconds that each part took."""

    probabilities: NDArray[np.float64]  # (T, genres) the continual model's, at every frame
    tokenizer: int
    step: int
    twin: tuple[TwinAnswer, ...] = ()  # those that came with these frames


class Stream:
    """twin: answers beside the continual model, on the same tokens. singly: answer frame by frame also where several
    come at once, as something live does: torch takes longer for a few frames at once than for each by itself.
    """

    def __init__(self, model: Model, twin: TwinRunner | None = None, singly: bool = False) -> None:
        self.model = model
        self.backend = model.make_backend()
        self.twin = twin
        self._singly = singly or twin is not None

    def push(self, log_mels: NDArray[np.float32]) -> Answers:
        """(T, bands) dB, T may be 0 -> the answers at all of them."""
        if not len(log_mels):
            return Answers(np.zeros((0, len(self.model.config.genres))), 0, 0)
        if len(log_mels) == 1 or not self._singly:
            return self._push(log_mels)
        parts = [self._push(log_mels[at : at + 1]) for at in range(len(log_mels))]
        return Answers(
            np.concatenate([part.probabilities for part in parts]),
            sum(part.tokenizer for part in parts),
            sum(part.step for part in parts),
            tuple(answer for part in parts for answer in part.twin),
        )

    def _push(self, log_mels: NDArray[np.float32]) -> Answers:
        began = time.perf_counter_ns()
        tokens = self.backend.tokenize(log_mels)
        tokenized = time.perf_counter_ns()
        probabilities = self.backend.encode(tokens)
        stepped = time.perf_counter_ns()
        answer = None if self.twin is None else self.twin.answer(tokens, probabilities[0])
        return Answers(probabilities, tokenized - began, stepped - tokenized, () if answer is None else (answer,))

    def catch_up(self, log_mels: NDArray[np.float32]) -> NDArray[np.float64]:
        """(T, bands) dB, T at least 1, all at once -> (T, genres): what `push` would say, but the twin need not."""
        tokens = self.backend.tokenize(log_mels)
        if self.twin is not None:
            self.twin.catch_up(tokens)
        return self.backend.encode(tokens)


@dataclass(frozen=True)
class TwinComparison:
    """The continual model beside its twin on one file, both frame by frame in one thread."""

    twin_genre: str
    twin_probability: float
    twin_probabilities: dict[str, float]
    largest_difference: float  # in probability, over all frames and genres
    step_flops: int  # of a frame, stem included
    twin_flops: int
    step_milliseconds: float  # for the whole file, stem included, log-mel not
    twin_milliseconds: float
    step_real_time: float  # seconds of sound per second of computing
    twin_real_time: float


class TwinTally:
    """Adds up what a stream answers whose twin answers every frame."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config
        self._stem = self._step = self._twin = 0  # ns
        self._total = np.zeros(len(config.genres))
        self._frames = 0
        self._largest_difference = 0.0

    def add(self, answers: Answers) -> None:
        """The stream's next answers."""
        self._stem += answers.tokenizer
        self._step += answers.step
        for answer in answers.twin:
            self._twin += answer.nanoseconds
            difference = float(np.abs(answer.probabilities - answer.compared).max())
            self._largest_difference = max(self._largest_difference, difference)
            self._total += answer.probabilities
            self._frames += 1

    def result(self, duration: float) -> TwinComparison:
        """`duration`: seconds of sound in the frames so far, of which there is at least one."""
        genres = self._config.genres
        mean = self._total / self._frames
        best = int(mean.argmax())
        step, twin = (self._stem + self._step) / 1e6, (self._stem + self._twin) / 1e6
        return TwinComparison(
            twin_genre=genres[best],
            twin_probability=float(mean[best]),
            twin_probabilities=dict(zip(genres, mean.tolist(), strict=True)),
            largest_difference=self._largest_difference,
            step_flops=step_cost(self._config).total,
            twin_flops=twin_cost(self._config).total,
            step_milliseconds=step,
            twin_milliseconds=twin,
            step_real_time=1000 * duration / step,
            twin_real_time=1000 * duration / twin,
        )
