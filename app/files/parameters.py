"""What changes an answer, and so decides whether an old one still holds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from audio import FRAME_SECONDS

SHORTEST_HOP = 0.1  # s: every hop then has a frame
LONGEST_TIME = 86_400.0  # s


@dataclass(frozen=True)
class Parameters:
    """Of one run."""

    hop: float = 1.0  # s from one entry of the timeline to the next
    smoothing: float = 3.0  # s over which an entry averages; what the window calls the present answer
    compare: bool = False  # also run the non-continual twin
    channel: int | None = None  # the one to use, counted from 1; None for the mean of all

    @property
    def smoothing_frames(self) -> int:
        return max(1, round(self.smoothing / FRAME_SECONDS))

    @property
    def channel_index(self) -> int | None:
        """Counted from 0, as `audio` does."""
        return None if self.channel is None else self.channel - 1


def parse_hop(text: str) -> float:
    """Seconds of a hop. Raises ValueError, one sentence."""
    seconds = parse_seconds(text)
    if not SHORTEST_HOP <= seconds <= LONGEST_TIME:
        raise ValueError(f"a hop of {text} cannot be used: give one from {SHORTEST_HOP:g}s to {LONGEST_TIME:g}s")
    return seconds


def parse_smoothing(text: str) -> float:
    """Seconds of smoothing; 0 for none. Raises ValueError, one sentence."""
    seconds = parse_seconds(text)
    if not 0 <= seconds <= LONGEST_TIME:
        raise ValueError(f"smoothing over {text} cannot be done: give a time from 0s to {LONGEST_TIME:g}s")
    return seconds


def parse_channel(text: str) -> int | None:
    """`mean`, or a number from 1 on. Raises ValueError, one sentence."""
    if text == "mean":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"there is no channel {text!r}: give a number from 1 on, or mean")
    return int(text)


def parse_seconds(text: str) -> float:
    """`1`, `1s`, `0.5s`, `500ms` -> seconds. Raises ValueError, one sentence."""
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(s|ms)?", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a time: write it like 1s, 0.5s or 500ms")
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
    if not math.isfinite(seconds):
        raise ValueError(f"{text!r} is not a time: write it like 1s, 0.5s or 500ms")
    return seconds
