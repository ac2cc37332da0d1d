"""What each number of the cost panel means, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from app.costs import ROLLING_FRAMES
from app.model_in_use import FrameFlops
from app.window import words

STEP = "The continual model keeps what it computed before and adds only what the newest frame brings."
TWIN = (
    "The non-continual twin has the same weights and gives the same answer, but computes its whole window "
    "again for every frame."
)
ENCODER = "Counted here: the encoder alone, the part that differs between the two."
FRAME = "Counted here: all that one frame needs, with log-mel and stem, which both models share."
TAIL = f"Median of the last {ROLLING_FRAMES} frames; 95 and 99 of 100 frames stayed below p95 and p99."
TIME_RATIO = (
    "How many times longer the twin takes: its median divided by the continual model's, over the same last "
    f"{ROLLING_FRAMES} frames, both run on this computer in one thread. Another computer gives another ratio, and "
    "as long as the window is not full the twin has less to compute."
)
FLOPS_RATIO = (
    "How many times more arithmetic the twin does. A FLOP is one addition or multiplication, counted from "
    "the model's shape. It is not a speed ratio: memory and small operations cost time that no FLOP counts."
)
DIFFERENCE = (
    "Both models' probabilities for the same frame, compared genre by genre: the largest difference of "
    "this session, and that of the last frame. Near zero means that the saved work cost nothing."
)
BUDGET = (
    "The share of the time between two frames that computing a frame takes (median, whole frame). Above "
    "100 % a model cannot keep up with live sound."
)
FRAMES = "Frames computed since listening began."
DROPPED = (
    "Sound samples lost since listening began, because the computer could not keep up. Frames not drawn were "
    "computed, but the window was too slow to show them."
)


def tips(flops: FrameFlops) -> list[tuple[str, str, str]]:
    """Explanations of each view's ratio, continual model and twin, in the order of the panel's views."""
    explained = []
    for what, shared in ((ENCODER, {}), (FRAME, flops.shared)):
        explained.append((f"{TIME_RATIO}\n{what}", f"{STEP} {what}\n{TAIL}", f"{TWIN} {what}\n{TAIL}"))
        step, twin = by_part(shared, flops.step), by_part(shared, flops.twin)
        explained.append((f"{FLOPS_RATIO}\n{what}", f"{STEP} {what}\n{step}", f"{TWIN} {what}\n{twin}"))
    return explained


def by_part(shared: Mapping[str, int], own: Mapping[str, int]) -> str:
    """One line for each part of a FLOP count."""
    return "\n".join(f"{part}: {words.flops(count)}" for part, count in {**shared, **own}.items())
