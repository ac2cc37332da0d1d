"""What changes an answer, and so decides whether an old one still holds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from audio import FRAME_SECONDS

SHORTEST_HOP = 0.1  # s: every hop then has a frame
LONGEST_TIME = 86_400.0  # s
SHORTEST_CHAPTER = 1.0  # s
SHORTEST_SETTLE = 0.1  # s


@dataclass(frozen=True)
class Parameters:
    """Of one run."""

    hop: float = 1.0  # s from one entry of the timeline to the next
    smoothing: float = 3.0  # s over which an entry averages; what the window calls the present answer
    compare: bool = False  # also run the non-continual twin
    channel: int | None = None  # the one to use, counted from 1; None for the mean of all
    track: int | None = None  # the soundtrack to use, counted from 1; None for the default, or the first
    genres: tuple[str, ...] | None = None  # those that the answer is chosen among; None for all

    def described(self) -> dict[str, Any]:
        """For what is written; what was added later only where it is used."""
        return {name: value for name, value in asdict(self).items() if name != "genres" or value is not None}

    @property
    def smoothing_frames(self) -> int:
        return max(1, round(self.smoothing / FRAME_SECONDS))

    @property
    def channel_index(self) -> int | None:
        """Counted from 0, as `audio` does."""
        return None if self.channel is None else self.channel - 1


def parse_parameters(
    hop: str, smoothing: str, channel: str, compare: bool = False, track: str | None = None
) -> Parameters:
    """From what was typed: times, `mean` or a channel from 1 on, a track from 1 on. Raises ValueError, one sentence."""
    hop_seconds = parse_seconds(hop)
    if not SHORTEST_HOP <= hop_seconds <= LONGEST_TIME:
        raise ValueError(f"a hop of {hop} cannot be used: give one from {SHORTEST_HOP:g}s to {LONGEST_TIME:g}s")
    smoothing_seconds = parse_seconds(smoothing)
    if smoothing_seconds > LONGEST_TIME:
        raise ValueError(f"smoothing over {smoothing} cannot be done: give a time from 0s to {LONGEST_TIME:g}s")
    if channel != "mean" and (not channel.isdecimal() or int(channel) < 1):
        raise ValueError(f"there is no channel {channel!r}: give a number from 1 on, or mean")
    if track is not None and (not track.isdecimal() or int(track) < 1):
        raise ValueError(f"there is no track {track!r}: give a number from 1 on")
    return Parameters(
        hop_seconds,
        smoothing_seconds,
        compare,
        None if channel == "mean" else int(channel),
        None if track is None else int(track),
    )


def parse_chapters(least: str) -> float:
    """From what was typed to seconds. Raises ValueError, one sentence."""
    seconds = parse_seconds(least)
    if not SHORTEST_CHAPTER <= seconds <= LONGEST_TIME:
        raise ValueError(
            f"chapters of at least {least} cannot be made: give a time from {SHORTEST_CHAPTER:g}s to {LONGEST_TIME:g}s"
        )
    return seconds


def parse_settle(time: str) -> float:
    """From what was typed to seconds. Raises ValueError, one sentence."""
    seconds = parse_seconds(time)
    if not SHORTEST_SETTLE <= seconds <= LONGEST_TIME:
        raise ValueError(f"a file cannot settle in {time}: give a time from {SHORTEST_SETTLE:g}s to {LONGEST_TIME:g}s")
    return seconds


def choose_genres(
    known: Sequence[str], only: Sequence[str] | None, exclude: Sequence[str] | None
) -> tuple[str, ...] | None:
    """Those that are left of the model's genres, in its order; None for all. Raises ValueError, one sentence.

    What was typed is a genre as it is, or several between commas; upper and lower case are the same.
    """
    names = {genre.casefold(): genre for genre in known}
    chosen = set()
    for typed in (*(only or ()), *(exclude or ())):
        for name in [typed] if typed.casefold() in names else typed.split(","):
            genre = names.get(name.strip().casefold())
            if genre is None:
                raise ValueError(f"there is no genre {name.strip()!r}: choose among {', '.join(known)}")
            chosen.add(genre)
    left = tuple(genre for genre in known if (genre in chosen) == bool(only))
    if len(left) < 2:
        raise ValueError(f"{len(left)} of the genres would be left: leave at least two to choose between")
    return left if len(left) < len(known) else None


def parse_seconds(text: str) -> float:
    """`1`, `1s`, `0.5s`, `500ms` -> seconds. Raises ValueError, one sentence."""
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(s|ms)?", text.strip())
    seconds = math.inf if found is None else float(found[1]) / (1000 if found[2] == "ms" else 1)
    if not math.isfinite(seconds):  # so many digits are no time either
        raise ValueError(f"{text!r} is not a time: write it like 1s, 0.5s or 500ms")
    return seconds
