"""What a frame costs the continual model and its twin: rolling medians, ratios, and whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.session_protocol import FrameFlops
from app.snapshot import Snapshot

ROLLING_FRAMES = 256  # about 20 s: long enough for a p99, short enough to follow a busy machine


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


@dataclass(frozen=True, slots=True)
class CostReport:
    """All that the cost panel shows. A share is the whole frame's median over the time between frames."""

    encoder: Comparison
    frame: Comparison  # with log-mel and stem in both
    step_share: float | None
    twin_share: float | None
    present_difference: float | None  # largest over the genres, the last frame on which the twin ran
    largest_difference: float | None  # the same over the session
    frames: int
    dropped: int  # samples


class CostMeter:
    """Fed with every snapshot of a run, in order; remembers the timings of the last 256."""

    def __init__(self, flops: FrameFlops, frame_seconds: float) -> None:
        self._shared_flops = sum(flops.shared.values())
        self._step_flops = sum(flops.step.values())
        self._twin_flops = sum(flops.twin.values())
        self._frame_nanoseconds = frame_seconds * 1e9
        self._rolling = np.zeros((ROLLING_FRAMES, 3))  # shared, step, twin; NaN where the twin did not run
        self._frames = 0
        self._dropped = 0
        self._present_difference: float | None = None
        self._largest_difference: float | None = None

    def add(self, snapshots: Sequence[Snapshot]) -> None:
        """Count a run's next snapshots."""
        for snapshot in snapshots:
            spent = snapshot.nanoseconds
            twin = np.nan if spent.twin is None else spent.twin
            self._rolling[self._frames % ROLLING_FRAMES] = spent.log_mel + spent.tokenizer, spent.step, twin
            self._frames += 1
            self._dropped = snapshot.dropped
            if snapshot.twin_probabilities is not None:
                self._compare(snapshot.probabilities, snapshot.twin_probabilities)

    def _compare(self, step: NDArray[np.floating], twin: NDArray[np.floating]) -> None:
        difference = float(np.abs(step - twin).max())
        self._present_difference = difference
        self._largest_difference = max(difference, self._largest_difference or 0.0)

    def report(self) -> CostReport:
        """The present figures. Every ratio is of two medians over the same rolling frames."""
        shared, step, twin = self._rolling[: self._frames].T
        encoder = self._comparison(step, twin, 0)
        frame = self._comparison(shared + step, shared + twin, self._shared_flops)
        return CostReport(
            encoder=encoder,
            frame=frame,
            step_share=self._share(frame.step),
            twin_share=self._share(frame.twin),
            present_difference=self._present_difference,
            largest_difference=self._largest_difference,
            frames=self._frames,
            dropped=self._dropped,
        )

    def _comparison(self, step: NDArray[np.float64], twin: NDArray[np.float64], shared_flops: int) -> Comparison:
        return Comparison(
            step=percentiles(step),
            twin=percentiles(twin[~np.isnan(twin)]),
            step_flops=shared_flops + self._step_flops,
            twin_flops=shared_flops + self._twin_flops,
        )

    def _share(self, spent: Percentiles | None) -> float | None:
        return None if spent is None else spent.p50 / self._frame_nanoseconds


def percentiles(nanoseconds: NDArray[np.float64]) -> Percentiles | None:
    """p50, p95 and p99 of (n,) timings; None when there are none."""
    if nanoseconds.size == 0:
        return None
    p50, p95, p99 = np.percentile(nanoseconds, (50, 95, 99))
    return Percentiles(float(p50), float(p95), float(p99))
