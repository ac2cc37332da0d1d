"""FLOPs of attention without its projections: the continual steps, the window recomputed, and a whole sequence at once.

Letters as in the kernels: n window, d width, H heads, m landmarks. A sum's weight is kept behind its weighted values,
so that d + H numbers per head-wise row are summed where d of them are values.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from model.config import BlockConfig
from model.definitions import MIX_PIECE, NEWTON_SCHULZ_ITERATIONS, QUERY_CHUNK, completed_segments, segment_end


class StepFlops(NamedTuple):
    """Over the n steps of a window."""

    plain: int  # at every step
    renewal: int = 0  # on top of it, at a step that renews
    renewals: int = 0  # how many of n steps do


def step_flops(config: BlockConfig) -> StepFlops:
    """All blocks. Retroactive: all outputs of each block, and of the last one the newest."""
    n, d, m = config.window, config.width, config.landmark_count
    retroactive = config.stacking == "retroactive"
    blocks, outputs, others = config.blocks, 1, 0
    if retroactive:
        between = (config.blocks - 2) * recompute_flops(config, n, outputs=n)
        blocks, outputs, others = 1, n, between + recompute_flops(config, n, outputs=1)
    if config.attention == "softmax":
        plain = _slide(config, n) + _sum_again(config, 1) if retroactive else _exact(config, 1, n)
        return StepFlops(blocks * plain + others)
    if config.attention == "gaussian":
        plain = _exact(config, n, 2) if retroactive else 0
        return StepFlops(blocks * (plain + _exact(config, 1, n)) + others)
    mix = 2 * outputs * m * (d + config.heads)  # landmark weights times sums
    plain = blocks * (_slide(config, m) + _landmark_weights(config, 1, m) + mix) + others
    if config.landmarks == "fixed":
        return StepFlops(plain, renewal=blocks * _sum_again(config, m), renewals=1)
    renewal = _sum_again(config, 1) + _landmark_inverse(config, m) + _landmark_weights(config, outputs - 1, m)
    return StepFlops(plain, blocks * renewal, renewals=m)


def recompute_flops(config: BlockConfig, tokens: int, outputs: int) -> int:
    """One block from nothing, fixed landmarks as prepared: `outputs` of the window, from the last `tokens`."""
    n, d, m = config.window, config.width, config.landmark_count
    if config.attention != "nystrom":
        return _exact(config, outputs, tokens)
    flops = (
        4 * m * n * d  # query landmarks over the window: scores, averages
        + 2 * m * m * d  # the inverse times these
        + 4 * outputs * m * d  # queries over key landmarks: scores, outputs
    )
    if config.landmarks == "continual":
        flops += 2 * n * d  # sums of the segments' queries and keys
        flops += _landmark_inverse(config, m)
    return flops


def parallel_flops(config: BlockConfig, tokens: int) -> Fraction:
    """One block over `tokens` of a long stream under a banded causal mask, as the twin of a deep stack runs it.

    With continual landmarks the mean over where they begin.
    """
    if config.attention != "nystrom":
        return Fraction(_banded(config, tokens))
    if config.landmarks == "fixed":
        return Fraction(_nystrom(config, tokens, tokens, config.landmark_count))
    n = config.window
    # Segments repeat after n tokens; from token n on the stream has all its landmarks.
    return Fraction(sum(_pieces(config, tokens, first) for first in range(n, 2 * n)), n)


def _landmark_inverse(config: BlockConfig, landmarks: int) -> int:
    """The landmark matrices of all heads, and their inverses."""
    cube = landmarks**3
    inverse = {
        "ridge": 2 * cube + 8 * cube // 3,  # A^T A; then solve
        "pinv": 21 * cube + 2 * cube,  # singular values; then the product
        "newton-schulz": NEWTON_SCHULZ_ITERATIONS * 4 * 2 * cube,
    }
    return 2 * landmarks**2 * config.width + config.heads * inverse[config.inverse]


def _landmark_weights(config: BlockConfig, queries: int, landmarks: int) -> int:
    """softmax(q K~^T) P."""
    return 2 * queries * landmarks * config.width + 2 * queries * config.heads * landmarks**2


def _slide(config: BlockConfig, standing: int) -> int:
    """One token enters and one leaves the sums of `standing` queries: scores, then sums."""
    d, heads = config.width, config.heads
    return 2 * (2 * standing * d + 2 * standing * (d + heads))


def _sum_again(config: BlockConfig, standing: int) -> int:
    """The sums of `standing` queries from the whole window: scores, then sums."""
    return 4 * standing * config.window * config.width


def _exact(config: BlockConfig, queries: int, keys: int) -> int:
    """All queries to all keys: scores and values, and for distances the squared lengths."""
    squares = 2 * (queries + keys) * config.width if config.attention == "gaussian" else 0
    return 4 * queries * keys * config.width + squares


def _banded(config: BlockConfig, tokens: int) -> int:
    """Softmax or Gaussian attention, a chunk of queries at a time over all keys that one of them sees."""
    flops = 0
    for start in range(0, tokens, QUERY_CHUNK):
        end = min(tokens, start + QUERY_CHUNK)
        flops += _exact(config, end - start, end - max(0, start - config.window + 1))
    return flops


def _pieces(config: BlockConfig, tokens: int, first: int) -> int:
    """Continual landmarks: one piece for every set of landmarks, the sequence beginning with token `first`."""
    n, m, d = config.window, config.landmark_count, config.width
    flops = start = 0
    while start < tokens:
        complete = completed_segments(first + start + 1, n, m)
        end = min(tokens, segment_end(complete, n, m) - 1 - first)
        keys = end - max(0, start - n + 1)
        starts = [segment_end(index - 1, n, m) for index in range(complete - m, complete)]
        landmarks = sum(begins >= first for begins in starts)
        if landmarks:
            flops += 2 * (segment_end(complete - 1, n, m) - starts[-landmarks]) * d  # sums of queries and of keys
            flops += _landmark_inverse(config, landmarks) + _nystrom(config, end - start, keys, landmarks)
        else:
            flops += 4 * (end - start) * keys * d
        start = end
    return flops


def _nystrom(config: BlockConfig, outputs: int, keys: int, landmarks: int) -> int:
    """One set of landmarks: scores, weights, and what mixes the windows' averages."""
    mixed = 0
    for start in range(keys - outputs, keys, MIX_PIECE):
        end = min(keys, start + MIX_PIECE)
        pairs = (end - start) * (end - max(0, start - config.window + 1))
        # Per landmark and head the sum of its terms and their weighting; then the values.
        mixed += 2 * pairs * (2 * landmarks * config.heads + config.width)
    return 2 * landmarks * keys * config.width + _landmark_weights(config, outputs, landmarks) + mixed
