"""From a model's tensors to the flat arrays that the compiled functions read, and where every number lies in them.

One array per kind of number, so that a call hands over few of them. Sizes and places are themselves handed over as one
array, the plan: one compiled function serves every model. Weights are folded in float64, then float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.compiled.products import as_halves, can_be_halves
from model.config import EncoderConfig, ModelConfig
from model.definitions import invert
from model.weights import ROUNDED_IN_BLOCKS, rounded_in_blocks

Tensors = Mapping[str, NDArray[Any]]
Doubles = NDArray[np.float64]

CACHE_LINE = 64  # bytes
LARGEST_INVERSE = 1e3  # an entry of P; a larger one makes float32 scores too coarse, and torch serves


class NotCoveredError(Exception):
    """What is compiled does not do what this configuration asks for; the text says what. torch does."""


class Sizes(NamedTuple):
    """The sizes of a model, all whole numbers."""

    width: int  # d
    heads: int  # H
    head_width: int  # D
    window: int  # n
    landmarks: int  # m; 0 for softmax attention
    feed_forward: int
    outputs: int  # numbers of an answer
    positions: int
    post_norm: int  # 0 or 1
    activation: int  # see arithmetic.py
    pairs: int  # H m
    projected: int  # numbers that the first product of a block makes of a token
    moving: int  # 1: the landmarks are means of the stream's segments; 0: they are learned
    halves: int  # 1: the matrices of a block's last three products are halves, see products.py
    final_norm: int  # 1: there is a norm after the blocks
    head: int  # 1: and a linear layer; 0: an answer is the token as it leaves
    probabilities: int  # 1: and a softmax

    @classmethod
    def of(cls, config: EncoderConfig | ModelConfig, halves: bool = False) -> Sizes:
        landmarks = config.landmark_count if config.attention == "nystrom" else 0
        pairs = config.heads * landmarks
        moving = bool(landmarks) and config.landmarks == "continual"
        return cls(
            width=config.width,
            heads=config.heads,
            head_width=config.head_width,
            window=config.window,
            landmarks=landmarks,
            feed_forward=config.feed_forward,
            outputs=config.outputs or config.width,
            positions=config.positions,
            post_norm=int(config.norm == "post"),
            activation=("gelu", "gelu-tanh", "relu").index(config.activation),
            pairs=pairs,
            projected=(2 * pairs if landmarks and not moving else 2 * config.width) + config.width,
            moving=int(moving),
            halves=int(halves),
            final_norm=int(config.final_norm),
            head=int(config.outputs > 0),
            probabilities=int(isinstance(config, ModelConfig)),
        )


class WeightsAt(NamedTuple):
    """Where a block's weights begin in its flat float32 array."""

    project: int  # (d, projected): fixed landmarks: to scores at Q~ and at K~ and value; else to query, key and value
    project_bias: int
    output: int  # (d, d), this and the two that follow perhaps of halves
    output_bias: int
    widen: int  # (d, feed-forward)
    widen_bias: int
    narrow: int  # (feed-forward, d)
    narrow_bias: int
    attention_gain: int  # (d,) of the norms
    attention_offset: int
    feed_forward_gain: int
    feed_forward_offset: int
    inverse: int  # (H, m, m) P; continual landmarks: the ridge
    end: int


class HeadAt(NamedTuple):
    """The same for what comes after the blocks, and for the positions before them."""

    gain: int  # (d,)
    offset: int
    weight: int  # (d, outputs)
    bias: int
    positions: int  # (period, d)
    end: int


class StateAt(NamedTuple):
    """Where the parts of a block's state begin: the float32 ones, then the float64 ones in an array of their own."""

    reference: int  # (H m,) what is subtracted from a score before exp
    scores: int  # (n, H m) of every token in the window at every query landmark; softmax: (n,) working space
    terms: int  # (n, H m) exp(score - reference) as it was added; 0 where nothing was heard yet
    values: int  # (n, d); softmax: (H, n, D)
    keys: int  # softmax: (H, D, n); continual landmarks: (n, d)
    query_landmarks: int  # continual landmarks: (H, D, m) s Q~
    key_landmarks: int  # (H, D, m) K~
    inverse: int  # (H, m, m) P
    landmark_work: int  # (2 H m + d,) working space
    floats: int  # the end
    weighted: int  # (H, m, D) sums of terms times values
    weight: int  # (H m,) sums of terms
    peak: int  # (H m,) the largest weight since the reference was chosen
    work: int  # (2 d + 2 H m + D + m,) working space
    segment: int  # continual landmarks: (2 d,) sums of s q and of k over the segment so far
    landmarks: int  # (2, H, m, D) s Q~ and K~
    matrix: int  # (2, m, m) working space
    doubles: int  # the end


def state_at(sizes: Sizes) -> StateAt:
    n, d, m, pairs = sizes.window, sizes.width, sizes.landmarks, sizes.pairs
    moving = sizes.moving  # 1 or 0: only then there are these
    scores, keys = (n * pairs, n * d * moving) if pairs else (n, n * d)
    landmarks = (moving * each for each in (m * d, m * d, pairs * m, 2 * pairs + d))
    floats = (pairs, scores, n * pairs, n * d, keys, *landmarks)
    work = 2 * (d + pairs) + sizes.head_width + m
    doubles = (pairs * sizes.head_width, pairs, pairs, work, moving * 2 * d, moving * 2 * m * d, moving * 2 * m * m)
    return StateAt(*begins(floats), *begins(doubles, 8))


def aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros that begin at a cache line: no vector is loaded from two of them."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + CACHE_LINE, np.uint8)
    first = -memory.ctypes.data % CACHE_LINE
    array: NDArray[Any] = memory[first : first + size].view(dtype).reshape(shape)
    return array


def lines(length: int, item: int = 4) -> int:
    """So many numbers of `item` bytes, rounded up to whole cache lines."""
    line = CACHE_LINE // item
    return -(-length // line) * line


def pack(parts: Sequence[NDArray[Any]]) -> tuple[NDArray[np.float32], list[int]]:
    """Neighbours in one flat float32 array, and where each of them begins, see `begins`."""
    places = begins([part.size for part in parts])
    packed: NDArray[np.float32] = aligned((places[-1],), np.float32)
    for begin, part in zip(places, parts, strict=False):
        packed[begin : begin + part.size] = part.ravel()
    return packed, places


def begins(lengths: Sequence[int], item: int = 4) -> list[int]:
    """Where each of several neighbours begins, at cache lines, and where the last one ends."""
    return list(accumulate((lines(length, item) for length in lengths), initial=0))


def check_covered(config: EncoderConfig | ModelConfig) -> None:
    """Raises NotCoveredError."""
    if config.attention == "gaussian":
        raise NotCoveredError("Gaussian attention")
    if config.rotary:
        raise NotCoveredError("rotary positions")
    if config.stacking == "retroactive" and config.blocks > 1:
        raise NotCoveredError("retroactive stacking")
    if Sizes.of(config).moving and config.inverse != "ridge":
        raise NotCoveredError(f"continual landmarks with the inverse {config.inverse!r}")


# --- blocks and head


def blocks_as_halves(tensors: Tensors, config: EncoderConfig | ModelConfig) -> bool:
    """Whether all blocks' last products can be halves."""
    return all(can_be_halves(tensors[name].T) for name in rounded_in_blocks(config.blocks))


def prepare_blocks(
    tensors: Tensors, config: EncoderConfig | ModelConfig, sizes: Sizes
) -> tuple[NDArray[np.float32], WeightsAt]:
    """(blocks, .) the weights of all blocks, and where they begin in each. Raises NotCoveredError."""
    parts: list[NDArray[Any]] = []
    for index in range(config.blocks):
        prefix = f"encoder.blocks.{index}."
        block = {
            name.removeprefix(prefix): value.astype(np.float64)
            for name, value in tensors.items()
            if name.startswith(prefix)
        }
        parts += _projection(block, config, sizes)
        for name in ROUNDED_IN_BLOCKS:
            matrix = block[f"{name}.weight"].T
            parts += [as_halves(matrix) if sizes.halves else matrix, block[f"{name}.bias"]]
        parts += [block[f"{name}_norm.{part}"] for name in ("attention", "feed_forward") for part in ("weight", "bias")]
        parts.append(_inverse(block, config, sizes))
    packed, places = pack(parts)
    return packed.reshape(config.blocks, -1), WeightsAt(*places[: len(WeightsAt._fields)])


def prepare_head(tensors: Tensors, config: EncoderConfig | ModelConfig) -> tuple[NDArray[np.float32], HeadAt]:
    """What comes after the blocks, and the positions before them; where each begins."""
    names = ("head_norm.weight", "head_norm.bias", "head.weight", "head.bias", "positions.encoding")
    parts = {name: tensors.get(f"encoder.{name}", np.zeros(0)) for name in names}  # an encoder may have none of them
    parts["head.weight"] = parts["head.weight"].T
    packed, places = pack(list(parts.values()))
    return packed, HeadAt(*places)


def _projection(block: Tensors, config: EncoderConfig | ModelConfig, sizes: Sizes) -> tuple[Doubles, Doubles]:
    """The first product of a block, (d, projected), and its bias (projected,)."""
    d, heads, D = config.width, config.heads, config.head_width
    query, key, value = block["attention.query_key_value.weight"].reshape(3, heads, D, d)
    query_bias, key_bias, value_bias = block["attention.query_key_value.bias"].reshape(3, heads, D)
    scale = D**-0.5
    if sizes.moving or not sizes.landmarks:
        rows, biases = [scale * query, key, value], [scale * query_bias, key_bias, value_bias]
    else:
        at_queries = scale * block["attention.kernel.query_landmarks"]  # (H, m, D)
        at_keys = scale * block["attention.kernel.key_landmarks"]
        rows = [at_queries @ key, at_keys @ query, value]
        biases = [
            np.einsum("hmd,hd->hm", at_queries, key_bias),
            np.einsum("hmd,hd->hm", at_keys, query_bias),
            value_bias,
        ]
    return np.concatenate([each.reshape(-1, d) for each in rows]).T, np.concatenate([each.ravel() for each in biases])


def _inverse(block: Tensors, config: EncoderConfig | ModelConfig, sizes: Sizes) -> Doubles:
    """Fixed landmarks: P (H, m, m). Continual ones: the ridge. Softmax attention: nothing. Raises NotCoveredError."""
    if sizes.moving or not sizes.landmarks:
        return np.full(sizes.moving, config.inverse_ridge)
    scores = block["attention.kernel.query_landmarks"] @ block["attention.kernel.key_landmarks"].mT
    terms = np.exp(config.head_width**-0.5 * (scores - scores.max(axis=-1, keepdims=True)))
    matrix = terms / terms.sum(axis=-1, keepdims=True)
    inverse: Doubles = invert(matrix, config.inverse, config.inverse_ridge, np)
    if not np.abs(inverse).max() <= LARGEST_INVERSE:
        raise NotCoveredError(f"an inverse of the landmark matrix with entries above {LARGEST_INVERSE:.0f}")
    return inverse
