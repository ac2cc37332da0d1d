"""What each number of the cost panel means, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from app.live.costs import ROLLING_FRAMES
from app.stream.model_in_use import FrameFlops
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
SAVED = (
    "What the twin has to compute for the same answers and the continual model has not: its FLOPs minus the continual "
    "model's, summed over all frames since listening began. While the window fills the twin has less to do, and that "
    "is counted as it is."
)
MEMORY = (
    "What is remembered from one frame to the next once the window is full, counted from the model's shape in single "
    "precision: keys, values, sums and landmarks of the continual model; the tokens of the window for its twin."
)
SPARKLINE = (
    "The time that the encoder took for every frame of the last half minute, on a logarithmic scale: below the "
    "continual model, above its twin. The dashed line is the time between two frames. Choose a longer window and the "
    "twin's curve rises with it, while with fixed landmarks the continual model's stays where it is."
)
PARTS = (
    "Where the arithmetic of one frame goes, on a logarithmic scale: the left dot is the continual model, the right "
    "one its twin, and the line between them is what is saved. Log-mel and stem are the same for both."
)
LATE_TWIN = (
    "The twin takes too long for every frame, so it answers every {every}th one only, in a thread of its own: it must "
    "not hold up the continual model. Its times are of the frames it did answer."
)
FRAMES = "Frames computed since listening began."
DROPPED = (
    "Sound samples lost since listening began, because the computer could not keep up. Frames not drawn were "
    "computed, but the window was too slow to show them."
)


def twin_note(every: int) -> str:
    """What is to be said of a twin that does not answer each frame; begins with a semicolon, "" for one that does."""
    if every == 0:
        return "; the twin is being loaded"
    return f"; twin on {words.every(every)}" if every > 1 else ""


def tips(flops: FrameFlops) -> list[tuple[str, str, str, str]]:
    """Heading, and explanations of ratio, continual model and twin, of each view in the order of the panel's views."""
    explained = []
    for name, what, shared in (("Encoder alone", ENCODER, {}), ("Whole frame", FRAME, flops.shared)):
        time = f"{STEP} {what}\n\n{TAIL}", f"{TWIN} {what}\n\n{TAIL}"
        explained.append((f"{name}, time", f"{TIME_RATIO}\n\n{what}", *time))
        step, twin = by_part(shared, flops.step), by_part(shared, flops.twin)
        counted = f"{STEP} {what}\n\n{step}", f"{TWIN} {what}\n\n{twin}"
        explained.append((f"{name}, arithmetic", f"{FLOPS_RATIO}\n\n{what}", *counted))
    return explained


def by_part(shared: Mapping[str, int], own: Mapping[str, int]) -> str:
    """One line for each part of a FLOP count."""
    return "\n".join(f"{part}: {words.flops(count)}" for part, count in {**shared, **own}.items())
