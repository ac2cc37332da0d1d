"""The stem: causal convolutions that turn level-normalised log-mel frames into features, frame by frame."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model.config import ModelConfig
from model.definitions import FIRST_KERNEL_BANDS, KERNEL_BANDS, KERNEL_TIME


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
