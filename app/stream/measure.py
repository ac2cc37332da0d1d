"""Timing things against each other: warmed up, in turns, medians and the tail."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

WARM_UP, BURST = 5, 15  # calls of a burst that are not timed, and that are

Percentiles = dict[str, float]


@dataclass
class Contestant:
    """Something that is timed, and its times in nanoseconds.

    Hot: in bursts, as fast as it goes. Live: once, right after something else has filled the caches.
    """

    run: Callable[[], object]
    hot: list[int] = field(default_factory=list)
    live: list[int] = field(default_factory=list)

    def burst(self) -> None:
        for _ in range(WARM_UP):
            self.run()
        self.hot += [self.once() for _ in range(BURST)]

    def single(self) -> None:
        self.live.append(self.once())

    def once(self) -> int:
        began = time.perf_counter_ns()
        self.run()
        return time.perf_counter_ns() - began


def paced(contestant: Contestant, period: float, rounds: int) -> Percentiles:
    """Once in every `period` seconds and nothing else meanwhile, as in the window: on whatever caches are left."""
    times: list[int] = []
    due = time.monotonic()
    for _ in range(rounds):
        due += period
        time.sleep(max(0.0, due - time.monotonic()))
        times.append(contestant.once())
    return percentiles(times)


def percentiles(nanoseconds: Sequence[int]) -> Percentiles:
    """p50, p95 and p99 in microseconds."""
    return {f"p{share}": round(float(np.percentile(nanoseconds, share)) / 1000, 2) for share in (50, 95, 99)}


def machine() -> str:
    """The processor's name, as far as the system tells."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
