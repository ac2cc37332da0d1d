"""Frames in, tokens out: level normalisation, fixed standardisation, stem, one linear map.

What a microphone's gain adds to every band is subtracted again, causally. A frame with a number that is NaN,
infinite or beyond 1000 dB counts as one of silence.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.config import ModelConfig
from model.definitions import LARGEST_DB, SILENCE_DB
from model.layers import replace_invalid
from model.stem import Stem


@dataclass(frozen=True)
class TokenizerState:
    """What the tokenizer remembers of one batch of streams. Never changed in place."""

    levels: Tensor  # (B, 0 .. level_window - 1) mean levels of the frames heard, dB
    stem: tuple[Tensor, ...]  # per convolution (B, C, history, bands)


class Tokenizer(nn.Module):
    """Log-mel frames (B, T, bands) in dB -> tokens (B, T, d), causal and indifferent to gain."""

    band_mean: Tensor
    band_scale: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = Stem(config)
        self.projection = nn.Linear(config.stem_features, config.width)
        # Standardisation measured on training data; the scale is one number, so that loud bands stay loud.
        self.register_buffer("band_mean", torch.zeros(config.bands))
        self.register_buffer("band_scale", torch.tensor(13.9))

    def init_state(self, batch: int = 1) -> TokenizerState:
        return TokenizerState(self.band_mean.new_empty(batch, 0), self.stem.init_state(batch, self.band_mean))

    def steps(self, frames: Tensor, state: TokenizerState) -> tuple[Tensor, TokenizerState]:
        """frames (B, T, bands) dB -> tokens (B, T, d) and the state after the last frame."""
        if frames.shape[1] == 0:
            return frames.new_empty(len(frames), 0, self.config.width), state
        frames = replace_invalid(frames, LARGEST_DB, SILENCE_DB)
        relative, levels = subtract_level(frames, state.levels, self.config.level_window, self.config.level_floor_db)
        standardised = (relative - self.band_mean) / self.band_scale
        features, stem = self.stem(standardised, state.stem)
        return self.projection(features), TokenizerState(levels, stem)

    def step(self, frame: Tensor, state: TokenizerState) -> tuple[Tensor, TokenizerState]:
        """frame (B, bands) dB -> token (B, d) and the state after it."""
        tokens, state = self.steps(frame.unsqueeze(1), state)
        return tokens.squeeze(1), state


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
