"""Where the segments of continual landmarks begin and end, also when m does not divide n.

Segment i ends when floor((i + 1) n / m) tokens have been heard. Any m segments in a row then hold exactly n tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor


def segment_end(index: int, window: int, count: int) -> int:
    """How many tokens have been heard when segment `index` (0, 1, ...; -1 for the beginning) is complete."""
    return (index + 1) * window // count


def completed_segments(heard: int, window: int, count: int) -> int:
    """How many segments are complete once `heard` tokens have been heard."""
    return -(-(heard + 1) * count // window) - 1


def longest_segment(window: int, count: int) -> int:
    return -(-window // count)


def segment_means(tokens: Tensor, first: int, heard: int, window: int, count: int) -> Tensor:
    """The last `count` segments complete at `heard`, those that lie within the tokens: (R, T, D) -> (R, <=count, D).

    The first of the tokens has the number `first`.
    """
    complete = completed_segments(heard, window, count)
    indices = range(max(0, complete - count), complete)
    bounds = [(segment_end(index - 1, window, count), segment_end(index, window, count)) for index in indices]
    inside = [(start - first, end - first) for start, end in bounds if start >= first]
    if not inside:
        return tokens[:, :0]
    starts, ends = torch.tensor(inside, device=tokens.device).unsqueeze(-1).unbind(1)  # (segments, 1)
    place = torch.arange(tokens.shape[1], device=tokens.device)
    averaging = ((place >= starts) & (place < ends)).to(tokens.dtype) / (ends - starts)
    return averaging @ tokens
