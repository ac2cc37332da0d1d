"""What a frame costs the continual model and its twin: rolling medians, ratios, and whether they agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.stream.snapshot import ModelDescription
from audio import FRAME_SECONDS

ROLLING_FRAMES = 256  # about 20 s: long enough for a p99, short enough to follow a busy machine
SERIES_FRAMES = 390  # about 30 s, for a curve
NOTHING = {
    "era": 0,
    "largest": np.nan,
    "saved": 0,
    "changes": 0,
    "every": 1,
    "lost": 0.0,
    "filled": 0.0,
}  # before the first row


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
    twin_flops: int  # with as much of the window as was filled
    full_twin_flops: int

    @property
    def time_ratio(self) -> float | None:
        """How many times the continual model's median time the twin takes."""
        if self.step is None or self.twin is None or self.step.p50 == 0:
            return None
        return self.twin.p50 / self.step.p50

    @property
    def flops_ratio(self) -> float | None:
        """How many times the continual model's arithmetic the twin does, with as much as has been heard."""
        return self.twin_flops / self.step_flops if self.step_flops else None

    @property
    def full_flops_ratio(self) -> float | None:
        """The same once the window is full."""
        return self.full_twin_flops / self.step_flops if self.step_flops else None


@dataclass(frozen=True, slots=True, eq=False)
class CostReport:
    """All that the cost panel shows. A share is the whole frame's median over the time between frames."""

    model: ModelDescription
    backend: str  # what computes the continual model
    encoder: Comparison
    frame: Comparison  # with log-mel and stem in both
    step_share: float | None
    twin_share: float | None
    present_difference: float | None  # largest over the genres, the last frame on which the twin answered
    largest_difference: float | None  # the same over the session
    saved_flops: int  # over the session: work that the twin does and the continual model avoids
    twin_every: int  # the twin answers every k-th frame; 0 while it is not loaded
    frames: int
    changes: int  # of what is said, over the session
    filled: float  # share of the window that holds tokens, 0..1
    lost_seconds: float  # of sound, over the session
    series: NDArray[np.float64]  # (k, 2) ns of the encoder: step, twin; NaN where the twin did not answer


def report_costs(rows: NDArray[np.void], frames: int, model: ModelDescription, backend: str) -> CostReport:
    """The figures after so many frames, of which these are the last rows of the past; see app.live.past.

    Every ratio is of two medians over the same rolling frames, at most the last 256, and never over two models or two
    backends.
    """
    last = rows[-1] if len(rows) else NOTHING
    rolling = rows[-ROLLING_FRAMES:]
    rolling = rolling[rolling["era"] == last["era"]]
    shared, step, twin, differences = (rolling[name] for name in ("shared", "step", "twin", "difference"))
    differences = differences[~np.isnan(differences)]
    full_twin = sum(model.flops.twin.values())
    heard_twin = sum(model.flops.step.values()) + int(last["avoided"]) if len(rows) else full_twin
    counts, both = (heard_twin, full_twin), sum(model.flops.shared.values())
    frame = _comparison(shared + step, shared + twin, model, counts, both)
    return CostReport(
        model=model,
        backend=backend,
        encoder=_comparison(step, twin, model, counts, 0),
        frame=frame,
        step_share=_share(frame.step),
        twin_share=_share(frame.twin),
        present_difference=float(differences[-1]) if len(differences) else None,
        largest_difference=None if np.isnan(last["largest"]) else float(last["largest"]),
        saved_flops=int(last["saved"]),
        twin_every=int(last["every"]),
        frames=frames,
        changes=int(last["changes"]),
        filled=float(last["filled"]),
        lost_seconds=float(last["lost"]),
        series=np.stack([rows["step"], rows["twin"]], axis=1),
    )


def _share(spent: Percentiles | None) -> float | None:
    return None if spent is None else spent.p50 / (FRAME_SECONDS * 1e9)


def _comparison(
    step: NDArray[np.float64],
    twin: NDArray[np.float64],
    model: ModelDescription,
    twin_flops: tuple[int, int],
    shared_flops: int,
) -> Comparison:
    """twin_flops: of its encoder, with what was heard and with a full window."""
    heard, full = twin_flops
    return Comparison(
        step=_percentiles(step),
        twin=_percentiles(twin[~np.isnan(twin)]),
        step_flops=shared_flops + sum(model.flops.step.values()),
        twin_flops=shared_flops + heard,
        full_twin_flops=shared_flops + full,
    )


def _percentiles(nanoseconds: NDArray[np.float64]) -> Percentiles | None:
    """p50, p95 and p99 of (n,) timings; None when there are none."""
    if nanoseconds.size == 0:
        return None
    return Percentiles(*np.percentile(nanoseconds, (50, 95, 99)).tolist())
