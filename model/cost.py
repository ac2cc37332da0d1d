"""What a frame costs, in closed form from the configuration.

FLOPs: a multiply-add counts as 2, in matrix products, convolutions and windowed sums. Exponentials, norms,
activations and residuals are not counted, on either side. A ratio of FLOPs is not a ratio of times: what the clock
says depends on memory and call overhead too, and is measured apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from model.config import ModelConfig
from model.stem import FIRST_KERNEL_BANDS, KERNEL_BANDS, KERNEL_TIME


@dataclass(frozen=True)
class Cost:
    """Of one frame of one stream."""

    parts: dict[str, int]  # FLOPs: "stem", "projections", "attention", "feed-forward", "head"
    state_bytes: int  # what is remembered from frame to frame once the window is full, in float32

    @property
    def total(self) -> int:
        return sum(self.parts.values())

    @property
    def encoder(self) -> int:
        """All but the stem, which the continual model and its twin share."""
        return self.total - self.parts["stem"]


def step_cost(config: ModelConfig) -> Cost:
    """The continual model: O(m d) for attention, whatever the window is."""
    d, m, heads = config.width, config.landmarks, config.heads
    attention = (
        2 * d * m  # scores of the new key with the query landmarks
        + 2 * (2 * m * (d + heads))  # what enters and what leaves the windowed sums
        + 2 * d * m  # scores of the new query with the key landmarks
        + 2 * heads * m * m  # times the inverse
        + 2 * m * (d + heads)  # weights times averages
    )
    parts = {
        "stem": _stem_flops(config),
        "projections": 8 * d * d,
        "attention": attention,
        "feed-forward": 4 * d * config.feed_forward,
        "head": 2 * d * len(config.genres),
    }
    ring = 4 * config.window * (heads * m + d + heads)
    sums = 4 * heads * m + 8 * m * (d + heads) + 8 * heads * m
    return Cost(parts, ring + sums + _landmark_bytes(config) + _tokenizer_bytes(config))


def twin_cost(config: ModelConfig) -> Cost:
    """The non-continual twin: the whole encoder over the whole window, for every frame."""
    d, m, n = config.width, config.landmarks, config.window
    attention = (
        2 * n * d * m  # query landmarks with all keys
        + 2 * n * d * m  # their weights times all values
        + 2 * m * m * d  # the inverse times these averages
        + 2 * n * d * m  # all queries with the key landmarks
        + 2 * n * d * m  # their weights times the averages
    )
    parts = {
        "stem": _stem_flops(config),
        "projections": 8 * n * d * d,
        "attention": attention,
        "feed-forward": 4 * n * d * config.feed_forward,
        "head": 2 * d * len(config.genres),
    }
    return Cost(parts, 4 * n * d + _landmark_bytes(config) + _tokenizer_bytes(config))


def _stem_flops(config: ModelConfig) -> int:
    """The convolutions of one frame and the linear map to a token."""
    total = 2 * config.stem_features * config.width
    channels_in = 1
    for index, channels in enumerate(config.stem_channels):
        first = index == 0
        bands = config.bands >> (1 if first else index)  # the first convolution strides, the others pool afterwards
        kernel = KERNEL_TIME * (FIRST_KERNEL_BANDS if first else KERNEL_BANDS)
        total += 2 * channels_in * channels * kernel * bands
        channels_in = channels
    return total


def _landmark_bytes(config: ModelConfig) -> int:
    return 4 * (2 * config.landmarks * config.width + config.heads * config.landmarks**2)


def _tokenizer_bytes(config: ModelConfig) -> int:
    total = 4 * (config.level_window - 1)
    channels = (1, *config.stem_channels)
    for index, dilation in enumerate(config.stem_dilations):
        total += 4 * channels[index] * (KERNEL_TIME - 1) * dilation * (config.bands >> index)
    return total
