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
        "Live, on this machine",
        "The music is made by this program, note by note, just now: five short pieces in very different styles. "
        "A model listens to it as it would listen to a microphone.",
        seconds=10,
    ),
    Step(
        "What the model hears",
        "13 times a second a new column arrives: the loudness in 128 bands, low tones at the bottom. "
        "The picture is as long as the memory of the model.",
        "spectrogram",
    ),
    Step(
        "What it says",
        "The most probable genre, from its answers of the last three seconds. It learned from records, not from this "
        "music, so it may well be wrong or unsure, and then it says so.",
        "now",
    ),
    Step(
        "All ten, always in the same place",
        "Bars are the smoothed answer, the thin tick is what the newest frame alone says. Watch them move when the "
        "style of the music changes.",
        "genres",
    ),
    Step(
        "The whole session",
        "Every answer so far, one stripe a genre. The space bar freezes the moment, a click looks back, and listening "
        "goes on all the while.",
        "history",
    ),
    Step(
        "What a frame costs",
        "Two models with the same weights. The twin, an ordinary transformer, encodes its whole memory again for each "
        "frame. The continual one computes only what is new.",
        "cost",
        seconds=14,
    ),
    Step(
        "The same answer",
        "Both see the same frame, and the largest difference between their answers is rounding. What differs is the "
        "arithmetic, and with it the time.",
        "cost",
    ),
    Step(
        "Now a longer memory",
        "The window is being made longer, and for a moment the model catches up. Then the twin has more to compute for "
        "each frame; the continual model keeps running sums over its landmarks, so its cost stays flat.",
        "cost",
        seconds=18,
        change="longer window",
    ),
    Step(
        "Back again",
        "The window is as it was. You can change it yourself at any time, and nothing that was heard is lost.",
        "cost",
        seconds=9,
        change="window as before",
    ),
    Step(
        "Your turn",
        "Press Listen to hear the room, or drop a file on the window. Esc leaves full screen, F1 lists all keys.",
        seconds=12,
    ),
)
