"""Level normalisation: what a microphone's gain adds to every band is taken away again, causally."""

from __future__ import annotations

import torch
from torch import Tensor


def subtract_level(frames: Tensor, heard: Tensor, window: int, floor_db: float) -> tuple[Tensor, Tensor]:
    """Subtract from every frame the mean level of the last `window` frames, itself included.

    A gain of g dB adds g to every band of every frame and so to the mean: the result does not change (while no
    band is at the digital floor of the log-mel).

    frames: (B, T, bands) dB.  heard: (B, h) levels of the h < window frames before them, dB.
    Returns (B, T, bands) dB relative to the level, at least -floor_db, and the levels to pass on (B, <window).
    """
    levels = torch.cat([heard, frames.mean(dim=-1)], dim=1)  # (B, h + T)
    frames_before = heard.shape[1]
    if frames.shape[1] == 1:
        level = levels.mean(dim=1, keepdim=True)
    else:
        level = _moving_average(levels, window)[:, frames_before:]
    relative = frames - level.unsqueeze(-1)
    return relative.clamp(min=-floor_db), levels[:, max(0, levels.shape[1] - window + 1) :]


def _moving_average(levels: Tensor, window: int) -> Tensor:
    """(B, L) -> (B, L): the mean of the last min(window, t + 1) values at every t; sums in float64."""
    sums = torch.cumsum(levels.double(), dim=1)
    sums = torch.cat([sums[:, :window], sums[:, window:] - sums[:, :-window]], dim=1)
    counts = torch.arange(1, levels.shape[1] + 1, device=levels.device).clamp(max=window)
    return (sums / counts).to(levels.dtype)
