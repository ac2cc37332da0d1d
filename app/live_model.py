"""A classifier as it is run live: what computes its frames, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.live_path import LivePath, TorchPath
from app.model_in_use import FrameFlops, ModelInUse, ModelRow
from audio import FRAME_SECONDS, StreamingLogMel
from model import Classifier, ModelConfig, step_cost, twin_cost


@dataclass(frozen=True)
class LiveModel:
    """`make_path` gives a path of its own to every stream, and takes no time worth mentioning."""

    classifier: Classifier
    in_use: ModelInUse
    make_path: Callable[[], LivePath]


def live_model(classifier: Classifier, row: ModelRow | None = None) -> LiveModel:
    """This classifier computed by torch."""
    config = classifier.config
    in_use = ModelInUse(
        row or row_of(config, ""),
        config.window,
        config.window * FRAME_SECONDS,
        frame_flops(config),
        step_cost(config).state_bytes,
        twin_cost(config).state_bytes,
    )
    return LiveModel(classifier, in_use, lambda: TorchPath(classifier))


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
