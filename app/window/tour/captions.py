"""What the demo says, step by step. It explains what is seen, and never what the model ought to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Change = Literal["", "longer window", "window as before"]


@dataclass(frozen=True, slots=True)
class Step:
    """panel: the part of the live page that is pointed at; "" for none. change: what is done when the step begins."""

    title: str
    sentence: str
    panel: str = ""
    seconds: float = 11.0
    change: Change = ""


STEPS = (
    Step(
        "Two models, one answer",
        "An ordinary transformer and a continual one hear the same music, and find every genre equally likely, down to "
        "rounding. In the window each genre has two bars, one of each model.",
        "answers",
    ),
    Step(
        "One does a fraction of the work",
        "For each frame of sound, 13 times a second, the ordinary one computes all that it remembers again. The "
        "continual one computes only what is new. Both are measured here, now.",
        "story",
        seconds=14,
    ),
    Step(
        "What they hear",
        "All answers so far, one stripe a genre. Above them, except in a presentation, is the sound: low tones at "
        "the bottom, loud is bright. The music is made by this program, note by note, in five very different styles.",
        "timeline",
    ),
    Step(
        "What it says",
        "The most probable genre of the last three seconds. The models learned from records, not from this music, so "
        "they may well be wrong or unsure, and then they say so.",
        "now",
    ),
    Step(
        "Now a longer memory",
        "Both now remember five minutes. The ordinary one computes more and more for each frame, up to the dashed "
        "outline. The continual one keeps running sums: its bar stays.",
        "story",
        seconds=18,
        change="longer window",
    ),
    Step(
        "Back again",
        "The memory is as it was. The slider, or Ctrl+Up and Ctrl+Down, change it at any time; nothing that was heard "
        "is lost.",
        "story",
        seconds=9,
        change="window as before",
    ),
    Step(
        "Your turn",
        "Press Listen to hear the room, or drop a file on the window. F11 is for projectors, D shows all figures, F1 "
        "lists all keys.",
        seconds=12,
    ),
)
