"""Softmax averages over every window of a sequence at once: the parallel form that trains and classifies files.

For scores s_i and values v_i an average at t is over W_t = the last min(n, t + 1) positions,

    average_t = sum_{i in W_t} exp(s_i) v_i / sum_{i in W_t} exp(s_i)

The averages themselves are never formed: what is asked for is a mixture of several at every t, which is one masked
matrix product, the parallel form of linear attention.

Tensor dimensions: R rows (one per head and stream), m landmarks, T tokens asked for, L tokens seen, D head width.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model.definitions import MIX_PIECE

HARMLESS_SPREAD = 40.0  # e^-40 is the least of a sum; its gradient divides by that twice, which float32 can hold


def mix_window_averages(weights: Tensor, scores: Tensor, values: Tensor, window: int) -> Tensor:
    """sum_j weights_tj average_tj: weights (R, T, m) of the last T of L tokens, scores (R, m, L), values (R, L, D).

    Returns (R, T, D). Differentiable, and true at any scale of the scores.
    """
    length, wanted = scores.shape[-1], weights.shape[1]
    outputs = []
    for start in range(length - wanted, length, MIX_PIECE):
        end = min(start + MIX_PIECE, length)
        begin = max(0, start - window + 1)
        piece = weights[:, start - length + wanted : end - length + wanted]
        near = scores[..., begin:end]
        tokens = torch.arange(start, end, device=scores.device).unsqueeze(1)
        age = tokens - torch.arange(begin, end, device=scores.device)  # (T, L) of key i at token t
        seen = (age >= 0) & (age < window)
        if _are_near(near):
            shares = _shares_with_one_reference(piece, near, seen)
        else:
            shares = _shares_with_a_reference_each(piece, near, seen)
        outputs.append(shares @ values[:, begin:end])
    return torch.cat(outputs, dim=1)


def _are_near(scores: Tensor) -> bool:
    """Whether one reference serves all. A graph that is traced once for all numbers must expect that it does not."""
    if torch.compiler.is_compiling():
        return False
    return not scores.numel() or float((scores.amax() - scores.amin()).detach()) < HARMLESS_SPREAD


def _shares_with_one_reference(weights: Tensor, scores: Tensor, seen: Tensor) -> Tensor:
    """What every value counts: weights (R, T, m), scores (R, m, L), seen (T, L) -> (R, T, L)."""
    heard = seen.to(scores)
    terms = torch.exp(scores - scores.detach().amax(dim=-1, keepdim=True))
    sums = terms @ heard.mT  # (R, m, T)
    return (weights / sums.mT) @ terms * heard


def _shares_with_a_reference_each(weights: Tensor, scores: Tensor, seen: Tensor) -> Tensor:
    """The same where a window may lie far below the largest score: a softmax per landmark and token, m times the work.

    Trained landmarks never need it; what is compiled or exported always does.
    """
    shares = weights.new_zeros(())
    for weight, score in zip(weights.unbind(-1), scores.unbind(1), strict=True):
        terms = torch.softmax(score.unsqueeze(1).masked_fill(~seen, float("-inf")), dim=-1)
        shares = shares + weight.unsqueeze(-1) * terms
    return shares
