"""The tokenizer: FLOPs of one frame, and bytes of its state. The continual model and its twin share it."""

from __future__ import annotations

from model.config import ModelConfig
from model.definitions import FIRST_KERNEL_BANDS, KERNEL_BANDS, KERNEL_TIME


def stem_flops(config: ModelConfig) -> int:
    """The convolutions and the linear map to a token."""
    total = 2 * config.stem_features * config.width
    channels_in = 1
    for index, channels in enumerate(config.stem_channels):
        kernel = KERNEL_TIME * (KERNEL_BANDS if index else FIRST_KERNEL_BANDS)
        total += 2 * channels_in * channels * kernel * (config.bands >> (index + 1))
        channels_in = channels
    return total


def tokenizer_bytes(config: ModelConfig) -> int:
    """Levels, and what every convolution remembers of its input."""
    total = 4 * (config.level_window - 1)
    channels = (1, *config.stem_channels)
    for index, dilation in enumerate(config.stem_dilations):
        total += 4 * channels[index] * (KERNEL_TIME - 1) * dilation * (config.bands >> index)
    return total
