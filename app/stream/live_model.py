"""A model as it is run live: what computes its frames, and what is said of it. Known without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.stream.live_path import LivePath
from app.stream.model_in_use import FrameFlops, ModelInUse, ModelRow
from app.stream.twin_runner import Twin
from audio import FRAME_SECONDS, StreamingLogMel
from model import ModelConfig, step_cost, twin_cost

if TYPE_CHECKING:  # torch takes its time
    from model import Classifier


@dataclass(frozen=True)
class LiveModel:
    """`make_path` and `make_twin` give one of its own to every stream, in no time worth mentioning, but for the first
    path of all: that may take half a second, and not in the window's thread.
    """

    config: ModelConfig
    in_use: ModelInUse
    make_path: Callable[[], LivePath]
    make_twin: Callable[[], Twin] | None  # None until torch is there
    reference: Callable[[], Classifier]  # the same weights in torch; may take seconds. Raises WeightsError


def in_use(config: ModelConfig, row: ModelRow) -> ModelInUse:
    """What is said of a model of this configuration."""
    return ModelInUse(
        row,
        config.window,
        config.window * FRAME_SECONDS,
        frame_flops(config),
        step_cost(config).state_bytes,
        twin_cost(config).state_bytes,
    )


def row_of(config: ModelConfig, key: str) -> ModelRow:
    """The name of a row in the field's terms, and what sets it apart."""
    if config.attention == "softmax":
        name = "Continual Transformer"
        what = "Exact softmax attention: every step attends to all keys and values of the window, which it keeps."
    else:
        name = f"Continual Nystr\N{LATIN SMALL LETTER O WITH DIAERESIS}m, {config.landmarks} landmarks"
        origin = "learned once" if config.landmarks == "fixed" else "the means of the stream's last segments"
        what = (
            f"Nystr\N{LATIN SMALL LETTER O WITH DIAERESIS}m attention through {config.landmark_count} landmarks, "
            f"{origin}: a step updates one sum for each landmark, however long the window is."
        )
    if config.blocks > 1:
        name += f", {config.blocks} blocks"
    return ModelRow(key, name, what)


def frame_flops(config: ModelConfig) -> FrameFlops:
    """FLOPs of one frame by part: log-mel and stem are common to both models."""
    step, twin = step_cost(config).parts, twin_cost(config).parts
    shared = {"log-mel": StreamingLogMel().frame_flops(), "stem": step["stem"]}
    return FrameFlops(
        shared,
        {part: flops for part, flops in step.items() if part != "stem"},
        {part: flops for part, flops in twin.items() if part != "stem"},
    )


def saved_flops(config: ModelConfig, filled: int) -> int:
    """What the continual encoder need not compute at one frame, with `filled` tokens heard."""
    least = config.landmark_count if config.attention == "nystrom" and config.landmarks == "fixed" else 1
    heard = config.with_window(max(filled, least)) if not config.positions else config
    return twin_cost(heard).encoder - step_cost(config).encoder
