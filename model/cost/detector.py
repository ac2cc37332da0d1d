"""What a frame of an online action detector costs: input layer, encoder with its class token, decoder, heads."""

from __future__ import annotations

from dataclasses import replace

from model.config import DetectorConfig, EncoderConfig
from model.cost.attention import recompute_flops, step_flops
from model.cost.frame import step_cost, twin_cost


def detector_step_cost(config: DetectorConfig) -> dict[str, int]:
    """FLOPs by part, mean over a window of steps. Raises ValueError for a detector without a step."""
    config.check_continual()
    sizes = config.encoder
    if config.is_plain:
        encoder = step_cost(sizes).total
    else:
        n, d, two = sizes.window, sizes.width, replace(sizes, blocks=2)
        retroactive = step_flops(two).plain - recompute_flops(two, n, outputs=1)  # of the first block alone
        first = 6 * d * d + n * (2 * d * d + 4 * d * sizes.feed_forward) + retroactive
        encoder = first + _blocks(config, sizes.blocks - 1, last_alone=not config.queries)
    return _parts(config, 1, encoder)


def detector_window_cost(config: DetectorConfig) -> dict[str, int]:
    """The same on a window from nothing, all tokens through all blocks, as the published window models are."""
    encoder = twin_cost(config.encoder).total if config.is_plain else _blocks(config, config.encoder.blocks)
    return _parts(config, config.encoder.window, encoder)


def _blocks(config: DetectorConfig, count: int, last_alone: bool = False) -> int:
    """The last `count` blocks on the window, softmax attention."""
    sizes: EncoderConfig = config.encoder
    d, total = sizes.width, 0
    for index in range(sizes.blocks - count, sizes.blocks):
        tokens = sizes.window + int(config.class_token is not None and index >= config.class_token)
        outputs = 1 if last_alone and index == sizes.blocks - 1 else tokens
        total += 6 * tokens * d * d + outputs * (2 * d * d + 4 * tokens * d + 4 * d * sizes.feed_forward)
    return total


def _parts(config: DetectorConfig, frames: int, encoder: int) -> dict[str, int]:
    """frames: how many features are made tokens of."""
    d, q = config.encoder.width, config.queries
    memory = config.encoder.window + int(config.class_token is not None)
    layer = (
        8 * q * d * d + 4 * q * q * d  # queries among themselves
        + 4 * q * d * d + 4 * memory * d * d + 4 * q * memory * d  # queries, and the encoder's outputs
        + 4 * q * d * config.decoder_feed_forward
    )  # fmt: skip
    return {
        "input": 2 * frames * config.features * d,
        "encoder": encoder,
        "decoder": config.decoder_layers * layer if q else 0,
        "heads": 2 * (2 * d if q else d) * config.classes + 2 * q * d * config.classes,
    }
