"""Frames in, tokens out: level normalisation, fixed standardisation, a stem of causal convolutions, one linear map.

What a microphone's gain adds to every band is subtracted again, causally. A frame with a number that is NaN,
infinite or beyond 1000 dB counts as one of silence.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model.config import ModelConfig
from model.definitions import FIRST_KERNEL_BANDS, KERNEL_BANDS, KERNEL_TIME, LARGEST_DB, SILENCE_DB
from model.layers import replace_invalid


class CausalConvolution(nn.Module):
    """Convolution over (time, bands) that sees only the past, batch norm, ReLU; halves the bands, rounded up.

    Before the first frame it sees zeros: the padding of the ordinary convolution and the fresh state of the
    streaming one are the same thing.
    """

    def __init__(self, channels_in: int, channels_out: int, dilation: int, first: bool) -> None:
        super().__init__()
        kernel_bands = FIRST_KERNEL_BANDS if first else KERNEL_BANDS
        self.convolution = nn.Conv2d(
            channels_in,
            channels_out,
            kernel_size=(KERNEL_TIME, kernel_bands),
            stride=(1, 2),
            padding=(0, kernel_bands // 2),
            dilation=(dilation, 1),
            bias=False,
        )
        self.dilation = dilation
        self.norm: nn.Module = nn.BatchNorm2d(channels_out)
        self.history = (KERNEL_TIME - 1) * dilation  # frames of its input that it must remember

    def forward(self, inputs: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """inputs (B, C, T, bands), heard (B, C, history, bands) -> (B, C', T, half the bands), the new heard."""
        seen = torch.cat([heard, inputs], dim=2)
        return F.relu(self.norm(self._convolve(seen))), seen[:, :, -self.history :]

    def _convolve(self, seen: Tensor) -> Tensor:
        layer = self.convolution
        if seen.shape[2] == self.history + 1:
            # One frame: take the three rows that count and convolve densely, several times faster than dilated.
            return F.conv2d(seen[:, :, :: self.dilation], layer.weight, layer.bias, layer.stride, layer.padding)
        convolved: Tensor = layer(seen)
        return convolved


class Stem(nn.Module):
    """(B, T, bands) -> (B, T, stem_features), one row per frame, causal.

    Its state is a tuple with, for every convolution, the last frames of its input: (B, C, history, bands).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.bands = config.stem_bands
        channels = (1, *config.stem_channels)
        self.convolutions = nn.ModuleList(
            CausalConvolution(channels[i], channels[i + 1], config.stem_dilations[i], first=i == 0)
            for i in range(len(config.stem_channels))
        )

    def init_state(self, batch: int, like: Tensor) -> tuple[Tensor, ...]:
        """The state before the first frame, with the dtype and device of `like`."""
        return tuple(
            like.new_zeros(batch, layer.convolution.in_channels, layer.history, self.bands[i])
            for i, layer in enumerate(self._layers())
        )

    def forward(self, frames: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        features = frames.unsqueeze(-1).permute(0, 3, 1, 2)  # (B, 1, T, bands), channels last in memory
        remembered = []
        for layer, heard in zip(self._layers(), state, strict=True):
            features, heard_now = layer(features, heard)
            remembered.append(heard_now)
        return features.transpose(1, 2).flatten(2), tuple(remembered)  # (B, T, channels * bands)

    def fuse(self) -> None:
        """Fold every batch norm into its convolution: the same function, fewer operations. Inference only."""
        for layer in self._layers():
            if isinstance(layer.norm, nn.BatchNorm2d):
                layer.convolution = fuse_conv_bn_eval(layer.convolution.eval(), layer.norm.eval())
                layer.norm = nn.Identity()

    def _layers(self) -> list[CausalConvolution]:
        return [layer for layer in self.convolutions if isinstance(layer, CausalConvolution)]


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
