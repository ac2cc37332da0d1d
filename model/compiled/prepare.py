"""From a model's tensors to the arrays that the compiled functions read: folded in float64, then float32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.compiled.halves import as_halves, can_be_halves
from model.compiled.layout import Sizes, aligned, head_at, weights_at
from model.config import ModelConfig
from model.constants import NEWTON_SCHULZ_ITERATIONS
from model.rounding import ROUNDED_IN_BLOCKS, rounded_in_blocks

Tensors = Mapping[str, NDArray[Any]]
Doubles = NDArray[np.float64]

LARGEST_INVERSE = 1e3  # an entry of P; a larger one makes float32 scores too coarse, and torch serves


class NotCoveredError(Exception):
    """The compiled path does not do what this configuration asks for; the text says what. torch does."""


def check_covered(config: ModelConfig) -> None:
    """Raises NotCoveredError."""
    if config.stacking == "retroactive" and config.blocks > 1:
        raise NotCoveredError("retroactive stacking")
    if Sizes.of(config).moving and config.inverse != "ridge":
        raise NotCoveredError(f"continual landmarks with the inverse {config.inverse!r}")


def blocks_as_halves(tensors: Tensors, config: ModelConfig) -> bool:
    """Whether all blocks' last products can be halves."""
    return all(can_be_halves(tensors[name].T) for name in rounded_in_blocks(config.blocks))


def prepare_blocks(tensors: Tensors, config: ModelConfig, sizes: Sizes) -> NDArray[np.float32]:
    """(blocks, .) the weights of all blocks, see WeightsAt. Raises NotCoveredError."""
    at = weights_at(sizes)
    packed = aligned((config.blocks, at.end), np.float32)
    for index, row in enumerate(packed):
        prefix = f"encoder.blocks.{index}."
        block = {
            name.removeprefix(prefix): value.astype(np.float64)
            for name, value in tensors.items()
            if name.startswith(prefix)
        }
        weight, bias = _projection(block, config)
        _put(row, at.project, weight.T)
        _put(row, at.project_bias, bias)
        begins = (at.output, at.output_bias), (at.widen, at.widen_bias), (at.narrow, at.narrow_bias)
        for name, (begin, begin_bias) in zip(ROUNDED_IN_BLOCKS, begins, strict=True):
            matrix = block[f"{name}.weight"].T
            _put(row, begin, as_halves(matrix) if sizes.halves else matrix)
            _put(row, begin_bias, block[f"{name}.bias"])
        _put(row, at.attention_gain, block["attention_norm.weight"])
        _put(row, at.attention_offset, block["attention_norm.bias"])
        _put(row, at.feed_forward_gain, block["feed_forward_norm.weight"])
        _put(row, at.feed_forward_offset, block["feed_forward_norm.bias"])
        if sizes.moving:
            _put(row, at.inverse, np.array(config.inverse_ridge))
        elif sizes.landmarks:
            _put(row, at.inverse, _inverse(block, config))
    return packed


def prepare_head(tensors: Tensors, config: ModelConfig) -> NDArray[np.float32]:
    """See HeadAt."""
    at = head_at(Sizes.of(config))
    packed: NDArray[np.float32] = aligned((at.end,), np.float32)
    _put(packed, at.gain, tensors["encoder.head_norm.weight"])
    _put(packed, at.offset, tensors["encoder.head_norm.bias"])
    _put(packed, at.weight, tensors["encoder.head.weight"].T)
    _put(packed, at.bias, tensors["encoder.head.bias"])
    if config.positions:
        _put(packed, at.positions, tensors["encoder.positions.encoding"])
    return packed


def key_projection(tensors: Tensors, block: int, config: ModelConfig) -> tuple[Doubles, Doubles]:
    """W_k (d, d) and b_k (d,) of a block: the keys that folding has made superfluous."""
    prefix, d = f"encoder.blocks.{block}.attention.query_key_value.", config.width
    weight, bias = tensors[prefix + "weight"], tensors[prefix + "bias"]
    return weight[d : 2 * d].astype(np.float64), bias[d : 2 * d].astype(np.float64)


def scaled_query_landmarks(tensors: Tensors, block: int, config: ModelConfig) -> Doubles:
    """s Q~ of a block, (H, m, D)."""
    landmarks = tensors[f"encoder.blocks.{block}.attention.kernel.query_landmarks"].astype(np.float64)
    scaled: Doubles = config.head_width**-0.5 * landmarks
    return scaled


def _projection(block: Tensors, config: ModelConfig) -> tuple[Doubles, Doubles]:
    """The first product of a block, (projected, d) and (projected,)."""
    d, heads, D = config.width, config.heads, config.head_width
    query, key, value = block["attention.query_key_value.weight"].reshape(3, heads, D, d)
    query_bias, key_bias, value_bias = block["attention.query_key_value.bias"].reshape(3, heads, D)
    scale = D**-0.5
    if config.attention == "softmax" or Sizes.of(config).moving:
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
    return np.concatenate([each.reshape(-1, d) for each in rows]), np.concatenate([each.ravel() for each in biases])


def _inverse(block: Tensors, config: ModelConfig) -> Doubles:
    """P (H, m, m), as model/attention/inverse.py has it. Raises NotCoveredError."""
    scores = block["attention.kernel.query_landmarks"] @ block["attention.kernel.key_landmarks"].transpose(0, 2, 1)
    terms = np.exp(config.head_width**-0.5 * (scores - scores.max(axis=-1, keepdims=True)))
    matrix = terms / terms.sum(axis=-1, keepdims=True)
    transposed, identity = matrix.transpose(0, 2, 1), np.eye(config.landmark_count)
    inverse: Doubles
    if config.inverse == "ridge":
        inverse = np.linalg.solve(transposed @ matrix + config.inverse_ridge * identity, transposed)
    elif config.inverse == "pinv":
        inverse = np.linalg.pinv(matrix)
    else:
        largest_column = np.abs(matrix).sum(axis=-2).max(axis=-1)
        largest_row = np.abs(matrix).sum(axis=-1).max(axis=-1)
        inverse = transposed / (largest_column * largest_row)[:, None, None]
        for _ in range(NEWTON_SCHULZ_ITERATIONS):
            product = matrix @ inverse
            inverse = inverse @ (13 * identity - product @ (15 * identity - product @ (7 * identity - product))) / 4
    if not np.abs(inverse).max() <= LARGEST_INVERSE:
        raise NotCoveredError(f"an inverse of the landmark matrix with entries above {LARGEST_INVERSE:.0f}")
    return inverse


def _put(packed: NDArray[np.float32], begin: int, values: NDArray[Any]) -> None:
    packed[begin : begin + values.size] = values.ravel()
