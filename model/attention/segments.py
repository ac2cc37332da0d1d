"""The means of the segments of continual landmarks; where they begin and end is in model/segments.py."""

from __future__ import annotations

import torch
from torch import Tensor

from model.definitions import completed_segments, segment_end


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
