"""Where every number of a block lies: one flat array per kind of number, so that a call hands over few arrays.

The sizes and places are themselves handed over as one array, `plan`: one compiled function serves every model.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.config import ModelConfig

CACHE_LINE = 64  # bytes


class Sizes(NamedTuple):
    """The sizes of a model, all whole numbers."""

    width: int  # d
    heads: int  # H
    head_width: int  # D
    window: int  # n
    landmarks: int  # m; 0 for softmax attention
    feed_forward: int
    genres: int
    positions: int
    post_norm: int  # 0 or 1
    activation: int  # see arithmetic.py
    pairs: int  # H m
    projected: int  # numbers that the first product of a block makes of a token
    moving: int  # 1: the landmarks are means of the stream's segments; 0: they are learned
    halves: int  # 1: the matrices of a block's last three products are halves, see halves.py

    @classmethod
    def of(cls, config: ModelConfig, halves: bool = False) -> Sizes:
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
            genres=len(config.genres),
            positions=config.positions,
            post_norm=int(config.norm == "post"),
            activation=("gelu", "gelu-tanh", "relu").index(config.activation),
            pairs=pairs,
            projected=(2 * pairs if landmarks and not moving else 2 * config.width) + config.width,
            moving=int(moving),
            halves=int(halves),
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
    weight: int  # (d, genres)
    bias: int
    positions: int  # (period, d)
    end: int


class FloatsAt(NamedTuple):
    """Where the parts of a block's float32 state begin."""

    reference: int  # (H m,) what is subtracted from a score before exp
    scores: int  # (n, H m) of every token in the window at every query landmark; softmax: (n,) working space
    terms: int  # (n, H m) exp(score - reference) as it was added; 0 where nothing was heard yet
    values: int  # (n, d); softmax: (H, n, D)
    keys: int  # softmax: (H, D, n); continual landmarks: (n, d)
    inputs: int  # fixed landmarks: (n, d) what attention was given; keys can be made of it
    query_landmarks: int  # continual landmarks: (H, D, m) s Q~
    key_landmarks: int  # (H, D, m) K~
    inverse: int  # (H, m, m) P
    landmark_work: int  # (2 H m + d,) working space
    end: int


class DoublesAt(NamedTuple):
    """The same for float64."""

    weighted: int  # (H, m, D) sums of terms times values
    weight: int  # (H m,) sums of terms
    peak: int  # (H m,) the largest weight since the reference was chosen
    work: int  # (2 d + 2 H m + D + m,) working space
    segment: int  # continual landmarks: (2 d,) sums of s q and of k over the segment so far
    landmarks: int  # (2, H, m, D) s Q~ and K~
    matrix: int  # (2, m, m) working space
    end: int


def weights_at(sizes: Sizes) -> WeightsAt:
    d, wide, share = sizes.width, sizes.feed_forward, 1 + sizes.halves
    matrices = (d * sizes.projected, sizes.projected, d * d // share, d, d * wide // share, wide, wide * d // share, d)
    return WeightsAt(*_begin((*matrices, d, d, d, d, 1 if sizes.moving else sizes.pairs * sizes.landmarks), 4))


def head_at(sizes: Sizes) -> HeadAt:
    d = sizes.width
    return HeadAt(*_begin((d, d, d * sizes.genres, sizes.genres, sizes.positions * d), 4))


def floats_at(sizes: Sizes) -> FloatsAt:
    n, d, m, pairs = sizes.window, sizes.width, sizes.landmarks, sizes.pairs
    if sizes.moving:
        landmarks = (m * d, m * d, pairs * m, 2 * pairs + d)
        return FloatsAt(*_begin((pairs, n * pairs, n * pairs, n * d, n * d, 0, *landmarks), 4))
    if pairs:
        return FloatsAt(*_begin((pairs, n * pairs, n * pairs, n * d, 0, n * d, 0, 0, 0, 0), 4))
    return FloatsAt(*_begin((0, n, 0, n * d, n * d, 0, 0, 0, 0, 0), 4))


def doubles_at(sizes: Sizes) -> DoublesAt:
    work = 2 * (sizes.width + sizes.pairs) + sizes.head_width + sizes.landmarks
    d, m = sizes.moving * sizes.width, sizes.landmarks
    landmarks = (2 * d, 2 * m * d, 2 * m * m if sizes.moving else 0)
    return DoublesAt(*_begin((sizes.pairs * sizes.head_width, sizes.pairs, sizes.pairs, work, *landmarks), 8))


def make_plan(sizes: Sizes) -> NDArray[np.int64]:
    """Sizes and places, one behind the other, as `encode` reads them."""
    return np.array((*sizes, *weights_at(sizes), *head_at(sizes), *floats_at(sizes), *doubles_at(sizes)), np.int64)


def aligned(shape: tuple[int, ...], dtype: type[np.floating[Any]]) -> NDArray[Any]:
    """Zeros that begin at a cache line: no vector is loaded from two of them."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + CACHE_LINE, np.uint8)
    first = -memory.ctypes.data % CACHE_LINE
    return memory[first : first + size].view(dtype).reshape(shape)


def _begin(lengths: tuple[int, ...], item: int) -> list[int]:
    """Where each of several neighbours begins, at cache lines, and where the last one ends."""
    line = CACHE_LINE // item
    begins = [0]
    for length in lengths:
        begins.append(-(-(begins[-1] + length) // line) * line)
    return begins
