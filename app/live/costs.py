"""What a frame costs the continual model and its twin: rolling medians, ratios, and whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.stream.model_in_use import ModelInUse
from app.stream.snapshot import Snapshot

ROLLING_FRAMES = 256  # about 20 s: long enough for a p99, short enough to follow a busy machine
SERIES_FRAMES = 390  # about 30 s, for a curve
KEPT_FRAMES = 4352  # about 5 minutes and a half that can be asked for again
UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Nanoseconds per frame over the rolling frames."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The continual model beside its twin; a value is None until it has been measured."""

    step: Percentiles | None
    twin: Percentiles | None
    step_flops: int
    twin_flops: int

    @property
    def time_ratio(self) -> float | None:
        """How many times the continual model's median time the twin takes."""
        if self.step is None or self.twin is None or self.step.p50 == 0:
            return None
        return self.twin.p50 / self.step.p50

    @property
    def flops_ratio(self) -> float | None:
        """How many times the continual model's arithmetic the twin does."""
        return self.twin_flops / self.step_flops if self.step_flops else None


@dataclass(frozen=True, slots=True, eq=False)
class CostReport:
    """All that the cost panel shows. A share is the whole frame's median over the time between frames."""

    model: ModelInUse
    path: str  # what computes the continual model
    encoder: Comparison
    frame: Comparison  # with log-mel and stem in both
    step_share: float | None
    twin_share: float | None
    present_difference: float | None  # largest over the genres, the last frame on which the twin answered
    largest_difference: float | None  # the same over the session
    saved_flops: int  # over the session: what the twin had to compute more
    twin_every: int  # the twin answers every k-th frame; 0 while it is not loaded
    frames: int
    dropped: int  # samples
    series: NDArray[np.float64]  # (k, 2) ns of the encoder: step, twin; NaN where the twin did not answer


class _Row:
    """Columns of what is kept of one frame."""

    SHARED, STEP, TWIN, DIFFERENCE, LARGEST, SAVED, EVERY, DROPPED, ERA = range(9)
    COUNT = 9


class CostMeter:
    """Fed with every snapshot of a run, in order.

    Percentiles are over the last 256 frames at most, and never over two models or two paths.
    """

    def __init__(self, model: ModelInUse, frame_seconds: float) -> None:
        self._frame_nanoseconds = frame_seconds * 1e9
        self._rows = np.full((KEPT_FRAMES, _Row.COUNT), UNKNOWN)
        self._eras: list[tuple[ModelInUse, str]] = [(model, "")]  # which model by which path; rows count them
        self._largest, self._saved = UNKNOWN, 0
        self.frames = 0

    @property
    def model(self) -> ModelInUse:
        """The one that answered last."""
        return self._eras[-1][0]

    def add(self, snapshots: Sequence[Snapshot]) -> None:
        """Count a run's next snapshots."""
        for snapshot in snapshots:
            model, path = self._eras[-1]
            if (snapshot.model is not None and snapshot.model is not model) or snapshot.path != path:
                self._eras.append((snapshot.model or model, snapshot.path))
            spent, difference = snapshot.nanoseconds, snapshot.difference
            if difference is not None:
                self._largest = float(np.fmax(difference, self._largest))
            self._saved += snapshot.saved_flops
            self._rows[self.frames % KEPT_FRAMES] = (
                spent.log_mel + spent.tokenizer,
                spent.step,
                UNKNOWN if spent.twin is None else spent.twin,
                UNKNOWN if difference is None else difference,
                self._largest,
                self._saved,
                snapshot.twin_every,
                snapshot.dropped,
                len(self._eras) - 1,
            )
            self.frames += 1

    def report(self, after: int | None = None) -> CostReport:
        """The figures of now, or as they were `after` so many frames, of which the last 5 minutes are kept.

        Every ratio is of two medians over the same rolling frames.
        """
        end = self.frames if after is None else after
        rows = self._last(end, SERIES_FRAMES)
        last = rows[-1] if len(rows) else np.zeros(_Row.COUNT)
        model, path = self._eras[int(last[_Row.ERA])]
        rolling = rows[-ROLLING_FRAMES:]
        rolling = rolling[rolling[:, _Row.ERA] == last[_Row.ERA]]
        shared, step, twin, differences = rolling[:, : _Row.DIFFERENCE + 1].T
        differences = differences[~np.isnan(differences)]
        flops = model.flops
        encoder = _comparison(step, twin, model, 0)
        frame = _comparison(shared + step, shared + twin, model, sum(flops.shared.values()))
        known = len(rows) > 0 and not np.isnan(last[_Row.LARGEST])
        return CostReport(
            model=model,
            path=path,
            encoder=encoder,
            frame=frame,
            step_share=self._share(frame.step),
            twin_share=self._share(frame.twin),
            present_difference=float(differences[-1]) if len(differences) else None,
            largest_difference=float(last[_Row.LARGEST]) if known else None,
            saved_flops=int(last[_Row.SAVED]),
            twin_every=int(last[_Row.EVERY]) if len(rows) else 1,
            frames=end,
            dropped=int(last[_Row.DROPPED]),
            series=rows[:, [_Row.STEP, _Row.TWIN]],
        )

    def _last(self, end: int, count: int) -> NDArray[np.float64]:
        """(k, columns) of the frames before number `end`, at most `count` of those that are kept."""
        first = max(0, end - count, self.frames - KEPT_FRAMES)
        rows: NDArray[np.float64] = self._rows[np.arange(first, max(first, end)) % KEPT_FRAMES]
        return rows

    def _share(self, spent: Percentiles | None) -> float | None:
        return None if spent is None else spent.p50 / self._frame_nanoseconds


def _comparison(
    step: NDArray[np.float64], twin: NDArray[np.float64], model: ModelInUse, shared_flops: int
) -> Comparison:
    return Comparison(
        step=percentiles(step),
        twin=percentiles(twin[~np.isnan(twin)]),
        step_flops=shared_flops + sum(model.flops.step.values()),
        twin_flops=shared_flops + sum(model.flops.twin.values()),
    )


def percentiles(nanoseconds: NDArray[np.float64]) -> Percentiles | None:
    """p50, p95 and p99 of (n,) timings; None when there are none."""
    if nanoseconds.size == 0:
        return None
    p50, p95, p99 = np.percentile(nanoseconds, (50, 95, 99))
    return Percentiles(float(p50), float(p95), float(p99))
