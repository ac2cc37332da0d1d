"""FLOPs of attention over a whole sequence under a banded causal mask: what the twin of a deep stack runs."""

from __future__ import annotations

from fractions import Fraction

from model.config import ModelConfig
from model.cost.attention import landmark_inverse_flops, landmark_weights_flops
from model.definitions import MIX_PIECE, QUERY_CHUNK, completed_segments, segment_end


def parallel_flops(config: ModelConfig, tokens: int) -> Fraction:
    """One block over `tokens` of a long stream; with continual landmarks the mean over where they begin."""
    if config.attention == "softmax":
        return Fraction(_banded(config, tokens))
    if config.landmarks == "fixed":
        return Fraction(_nystrom(config, tokens, tokens, config.landmark_count))
    n = config.window
    # Segments repeat after n tokens; from token n on the stream has all its landmarks.
    return Fraction(sum(_pieces(config, tokens, first) for first in range(n, 2 * n)), n)


def _banded(config: ModelConfig, tokens: int) -> int:
    """Softmax attention, a chunk of queries at a time over all keys that one of them sees."""
    flops = 0
    for start in range(0, tokens, QUERY_CHUNK):
        end = min(tokens, start + QUERY_CHUNK)
        flops += 4 * (end - start) * (end - max(0, start - config.window + 1)) * config.width
    return flops


def _pieces(config: ModelConfig, tokens: int, first: int) -> int:
    """Continual landmarks: one piece for every set of landmarks, the sequence beginning with token `first`."""
    n, m, d = config.window, config.landmark_count, config.width
    flops = start = 0
    while start < tokens:
        complete = completed_segments(first + start + 1, n, m)
        end = min(tokens, segment_end(complete, n, m) - 1 - first)
        keys = end - max(0, start - n + 1)
        landmarks = sum(segment_end(index - 1, n, m) >= first for index in range(complete - m, complete))
        if landmarks:
            flops += 2 * 2 * landmarks * tokens * d  # segment means of queries and of keys
            flops += landmark_inverse_flops(config, landmarks) + _nystrom(config, end - start, keys, landmarks)
        else:
            flops += 4 * (end - start) * keys * d
        start = end
    return flops


def _nystrom(config: ModelConfig, outputs: int, keys: int, landmarks: int) -> int:
    """One set of landmarks: scores, weights, and what mixes the windows' averages."""
    mixed = 0
    for start in range(keys - outputs, keys, MIX_PIECE):
        end = min(keys, start + MIX_PIECE)
        pairs = (end - start) * (end - max(0, start - config.window + 1))
        # Per landmark and head the sum of its terms and their weighting; then the values.
        mixed += 2 * pairs * (2 * landmarks * config.heads + config.width)
    return 2 * landmarks * keys * config.width + landmark_weights_flops(config, outputs, landmarks) + mixed
