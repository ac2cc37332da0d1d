"""Bytes of the states that are handed from frame to frame, once everything in them is full.

Of one stream in float32; what is float64 there counts 8 bytes. Room that a step works in but need not be kept is left
out. Letters as in the kernels: n window, d width, H heads, m landmarks.
"""

from __future__ import annotations

from model.config import ModelConfig
from model.definitions import KERNEL_TIME

SINGLE, DOUBLE = 4, 8


def step_bytes(config: ModelConfig) -> int:
    """The continual model."""
    if config.stacking == "retroactive":  # the second block remembers its landmarks; the window's tokens are kept
        tokens = SINGLE * config.window * config.width
        encoder = _attention_bytes(config, retroactive=True) + tokens + _prepared_bytes(config)
    else:
        encoder = config.blocks * _attention_bytes(config, retroactive=False)
    return _tokenizer_bytes(config) + encoder


def twin_bytes(config: ModelConfig) -> int:
    """The twin: tokens, and the fixed landmarks as prepared for use."""
    prepared = config.blocks * _prepared_bytes(config)
    return _tokenizer_bytes(config) + prepared + SINGLE * config.history * config.width


def _prepared_bytes(config: ModelConfig) -> int:
    """One block's fixed landmarks, as prepared for use."""
    if config.attention == "softmax" or config.landmarks == "continual":
        return 0
    d, heads, m = config.width, config.heads, config.landmark_count
    return SINGLE * (2 * m * d + heads * m * m)


def history_frames(config: ModelConfig) -> int:
    """How many frames an answer can depend on: the encoder's tokens, the level of the first of them, the stem."""
    stem = sum((KERNEL_TIME - 1) * dilation for dilation in config.stem_dilations)
    return config.history + config.level_window - 1 + stem


def _tokenizer_bytes(config: ModelConfig) -> int:
    """Levels, and what every convolution remembers of its input."""
    total = 4 * (config.level_window - 1)
    channels = (1, *config.stem_channels)
    for index, dilation in enumerate(config.stem_dilations):
        total += 4 * channels[index] * (KERNEL_TIME - 1) * dilation * (config.bands >> index)
    return total


def _attention_bytes(config: ModelConfig, retroactive: bool) -> int:
    n, d, heads, m = config.window, config.width, config.heads, config.landmark_count
    rings = SINGLE * 2 * n * d
    if config.attention == "softmax":
        return rings + (_sums_bytes(config, n) if retroactive else 0)
    total = rings + _sums_bytes(config, m)
    total += DOUBLE * (m * d + heads * m * m)  # key landmarks, inverse
    if config.landmarks == "continual":
        total += DOUBLE * (m * d + 2 * d)  # query landmarks, the segment so far
    if retroactive:
        total += DOUBLE * heads * n * m  # every token's landmark weights
        if config.landmarks == "continual":
            total += SINGLE * n * d  # every token's query
    return total


def _sums_bytes(config: ModelConfig, standing: int) -> int:
    """Of `standing` queries: themselves, reference, sums with their weight, and the weight's floor."""
    d, heads = config.width, config.heads
    return DOUBLE * standing * (d + heads + (d + heads) + heads)
