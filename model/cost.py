"""What a frame costs, in closed form from the configuration: the continual step, and its non-continual twin.

FLOPs: a multiply-add counts as 2. Counted are matrix products, convolutions, inverses, and the products that move the
windowed sums; solving m equations for m right sides counts as 8/3 m^3, an exact pseudo-inverse as 23 m^3.
Not counted, on either side: exponentials and softmax, norms, activations, residuals, positions, level, scaling,
divisions, and the running sums of a segment.

Steady state: the window is full, and no sum had to be recomputed because it had lost its digits, which the data decide
and no formula knows. A ratio of FLOPs is not a ratio of times: what the clock says depends on memory and call overhead
too, and is measured apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from model.attention_cost import parallel_flops, recompute_flops, step_flops
from model.config import DetectorConfig, EncoderConfig, ModelConfig
from model.definitions import FIRST_KERNEL_BANDS, KERNEL_BANDS, KERNEL_TIME

SINGLE, DOUBLE = 4, 8  # bytes of a number


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


def step_cost(config: EncoderConfig | ModelConfig) -> Cost:
    """The continual model, mean over the n steps of a window, rounded to whole FLOPs.

    Some steps of Nystrom attention renew something, the others do not:
    - continual landmarks: a segment is complete at m of n steps. The new landmark is averaged over the window, the
      landmark matrix is inverted, and in retroactive attention all n tokens are weighted anew.
    - fixed landmarks: at 1 of n steps all sums are recomputed from the window, so that no rounding grows old.
    """
    steps = step_flops(config)
    attention = steps.plain + round(steps.renewals * steps.renewal / config.window)
    # Of retroactive blocks the first projects one token, the last one gives one output.
    tokens = (config.blocks - 1) * config.window + 1 if config.stacking == "retroactive" else config.blocks
    return Cost(_parts(config, tokens, tokens, attention), _step_bytes(config))


def twin_cost(config: EncoderConfig | ModelConfig) -> Cost:
    """The non-continual twin: the whole encoder over all that an answer depends on, for every frame.

    That is the window; with continual landmarks also the rest of the oldest landmark's segment; in a deep stack what
    the first block needs so that the last one's window is true. A deep twin with continual landmarks takes the stream
    piece by piece, so that its cost varies with the phase: this is the mean over n frames, rounded to whole FLOPs.
    """
    tokens, window = config.history, config.window
    if config.stacking == "deep" and config.blocks > 1:
        attention = round(config.blocks * parallel_flops(config, tokens))
        parts = _parts(config, config.blocks * tokens, config.blocks * tokens, attention)
    else:
        first, others = config.attention_history, config.blocks - 1
        attention = recompute_flops(config, first, outputs=window) + others * recompute_flops(config, window, window)
        parts = _parts(config, first + others * window, config.blocks * window, attention)
    return Cost(parts, _twin_bytes(config))


def history_frames(config: ModelConfig) -> int:
    """How many frames an answer can depend on: the encoder's tokens, the level of the first of them, the stem."""
    stem = sum((KERNEL_TIME - 1) * dilation for dilation in config.stem_dilations)
    return config.history + config.level_window - 1 + stem


def _parts(config: EncoderConfig | ModelConfig, inputs: int, outputs: int, attention: int) -> dict[str, int]:
    """How many tokens all blocks project to queries, keys and values, and how many outputs leave them."""
    d = config.width
    return {
        "stem": _stem_flops(config) if isinstance(config, ModelConfig) else 0,
        "projections": 6 * inputs * d * d + 2 * outputs * d * d,
        "attention": attention,
        "feed-forward": 4 * outputs * d * config.feed_forward,
        "head": 2 * d * config.outputs,
    }


def _stem_flops(config: ModelConfig) -> int:
    """The convolutions and the linear map to a token."""
    total = 2 * config.stem_features * config.width
    channels_in = 1
    for index, channels in enumerate(config.stem_channels):
        kernel = KERNEL_TIME * (KERNEL_BANDS if index else FIRST_KERNEL_BANDS)
        total += 2 * channels_in * channels * kernel * config.stem_bands[index + 1]
        channels_in = channels
    return total


# --- an online action detector: input layer, encoder with its class token, decoder, heads


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
        encoder = first + _window_blocks(config, sizes.blocks - 1, last_alone=not config.queries)
    return _detector_parts(config, 1, encoder)


def detector_window_cost(config: DetectorConfig) -> dict[str, int]:
    """The same on a window from nothing, all tokens through all blocks, as the published window models are."""
    encoder = twin_cost(config.encoder).total if config.is_plain else _window_blocks(config, config.encoder.blocks)
    return _detector_parts(config, config.encoder.window, encoder)


def _window_blocks(config: DetectorConfig, count: int, last_alone: bool = False) -> int:
    """The last `count` blocks on the window, softmax attention."""
    sizes: EncoderConfig = config.encoder
    d, total = sizes.width, 0
    for index in range(sizes.blocks - count, sizes.blocks):
        tokens = sizes.window + int(config.class_token is not None and index >= config.class_token)
        outputs = 1 if last_alone and index == sizes.blocks - 1 else tokens
        total += 6 * tokens * d * d + outputs * (2 * d * d + 4 * tokens * d + 4 * d * sizes.feed_forward)
    return total


def _detector_parts(config: DetectorConfig, frames: int, encoder: int) -> dict[str, int]:
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


# --- bytes of the state of one stream, once everything in it is full; room that a step works in is left out


def _step_bytes(config: EncoderConfig | ModelConfig) -> int:
    """The continual model."""
    if config.stacking == "retroactive":  # the other blocks remember their landmarks; the window's tokens are kept
        tokens = SINGLE * config.window * config.width
        encoder = _attention_bytes(config, retroactive=True) + tokens + (config.blocks - 1) * _prepared_bytes(config)
    else:
        encoder = config.blocks * _attention_bytes(config, retroactive=False)
    return _tokenizer_bytes(config) + encoder


def _twin_bytes(config: EncoderConfig | ModelConfig) -> int:
    """The twin: tokens, and the fixed landmarks as prepared for use."""
    prepared = config.blocks * _prepared_bytes(config)
    return _tokenizer_bytes(config) + prepared + SINGLE * config.history * config.width


def _prepared_bytes(config: EncoderConfig | ModelConfig) -> int:
    """One block's fixed landmarks, as prepared for use."""
    if config.attention != "nystrom" or config.landmarks == "continual":
        return 0
    d, heads, m = config.width, config.heads, config.landmark_count
    return SINGLE * (2 * m * d + heads * m * m)


def _tokenizer_bytes(config: EncoderConfig | ModelConfig) -> int:
    """Levels, and what every convolution remembers of its input."""
    if not isinstance(config, ModelConfig):
        return 0
    total = SINGLE * (config.level_window - 1)
    channels = (1, *config.stem_channels)
    for index, dilation in enumerate(config.stem_dilations):
        total += SINGLE * channels[index] * (KERNEL_TIME - 1) * dilation * config.stem_bands[index]
    return total


def _attention_bytes(config: EncoderConfig | ModelConfig, retroactive: bool) -> int:
    n, d, heads, m = config.window, config.width, config.heads, config.landmark_count
    rings = SINGLE * 2 * n * d
    if config.attention == "softmax":
        return rings + (_sums_bytes(config, n) if retroactive else 0)
    if config.attention == "gaussian":
        return rings + ((SINGLE + DOUBLE) * n * d if retroactive else 0)  # every token's query and output
    total = rings + _sums_bytes(config, m)
    total += DOUBLE * (m * d + heads * m * m)  # key landmarks, inverse
    if config.landmarks == "continual":
        total += DOUBLE * (m * d + 2 * d)  # query landmarks, the segment so far
    if retroactive:
        total += DOUBLE * heads * n * m  # every token's landmark weights
        if config.landmarks == "continual":
            total += SINGLE * n * d  # every token's query
    return total


def _sums_bytes(config: EncoderConfig | ModelConfig, standing: int) -> int:
    """Of `standing` queries: themselves, reference, sums with their weight, and the weight's floor."""
    d, heads = config.width, config.heads
    return DOUBLE * standing * (d + heads + (d + heads) + heads)
