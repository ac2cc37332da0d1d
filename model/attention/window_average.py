"""Softmax averages over every window of a sequence at once: the parallel form that trains and classifies files.

For scores s_i and values v_i this computes, at every t, over W_t = the last min(n, t + 1) positions,

    average_t = sum_{i in W_t} exp(s_i) v_i / sum_{i in W_t} exp(s_i)

without ever subtracting: sums of positive terms only, each relative to a running maximum, so that no score is too
large and no quiet window too small. A window is the end of one block of n positions and the beginning of the next
(van Herk 1992): two prefix scans, one of them backwards, merged.

Tensor dimensions: R rows (one per head and stream), m landmarks, T tokens, D head width, N blocks.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from model.definitions import MIX_PIECE

NOTHING = -1e30  # the score of a position that is not there; finite, so that differences of it are numbers
SCAN_BLOCK = 16
HARMLESS_SPREAD = 60.0  # e^60 of the largest term is still far from the smallest float32


class Sums(NamedTuple):
    """Sums of exp(score - reference) and of exp(score - reference) * value over some positions."""

    reference: Tensor  # (..., T) the largest score among them
    weight: Tensor  # (..., T)
    weighted: Tensor  # (..., T, D)

    def __add__(self, other: Sums) -> Sums:  # type: ignore[override]
        """The sums over the positions of both."""
        reference = torch.maximum(self.reference, other.reference)
        mine, theirs = torch.exp(self.reference - reference), torch.exp(other.reference - reference)
        return Sums(
            reference,
            mine * self.weight + theirs * other.weight,
            mine.unsqueeze(-1) * self.weighted + theirs.unsqueeze(-1) * other.weighted,
        )

    def flip(self) -> Sums:
        return Sums(self.reference.flip(-1), self.weight.flip(-1), self.weighted.flip(-2))


def mix_window_averages(weights: Tensor, scores: Tensor, values: Tensor, window: int) -> Tensor:
    """sum_j weights_tj average_tj: weights (R, T, m) of the last T of L tokens, scores (R, m, L), values (R, L, D).

    Returns (R, T, D). While the scores lie close enough together for one reference, the averages are never formed: the
    output is one masked product of (T, L) by (L, D), the parallel form of linear attention, five times faster.
    """
    length, wanted = scores.shape[-1], weights.shape[1]
    outputs = []
    for start in range(length - wanted, length, MIX_PIECE):
        end = min(start + MIX_PIECE, length)
        begin = max(0, start - window + 1)
        piece = weights[:, start - length + wanted : end - length + wanted]
        near, heard = scores[..., begin:end], values[:, begin:end]
        if float((near.amax() - near.amin()).detach()) < HARMLESS_SPREAD:
            outputs.append(_mix_with_one_reference(piece, near, heard, window))
        else:
            averages = window_averages(near, heard, window)[:, :, start - begin :]
            outputs.append(torch.einsum("rtm,rmtd->rtd", piece, averages))
    return torch.cat(outputs, dim=1)


def _mix_with_one_reference(weights: Tensor, scores: Tensor, values: Tensor, window: int) -> Tensor:
    length, wanted = scores.shape[-1], weights.shape[1]
    age = torch.arange(length - wanted, length).unsqueeze(1) - torch.arange(length)  # (T, L) of key i at token t
    heard = ((age >= 0) & (age < window)).to(scores)
    terms = torch.exp(scores - scores.detach().amax(dim=-1, keepdim=True))
    sums = terms @ heard.mT  # (R, m, T)
    return ((weights / sums.mT) @ terms * heard) @ values


def window_averages(scores: Tensor, values: Tensor, window: int) -> Tensor:
    """scores (R, m, T), values (R, T, D) -> averages (R, m, T, D) over windows of `window` positions."""
    length = scores.shape[-1]
    values = values.unsqueeze(1)  # (R, 1, T, D): every landmark averages the same values
    if length <= window:
        sums = prefix_sums(scores, values)
    else:
        blocks = -(-length // window)
        padding = blocks * window - length
        scores = F.pad(scores, (0, padding), value=NOTHING).unflatten(-1, (blocks, window))
        values = F.pad(values, (0, 0, 0, padding)).unflatten(-2, (blocks, window))
        begun = prefix_sums(scores, values)
        ended = prefix_sums(scores.flip(-1), values.flip(-2)).flip()
        sums = begun + _rest_of_previous_block(ended)
        sums = Sums(*(part.flatten(2, 3)[:, :, :length] for part in sums))
    return sums.weighted / sums.weight.unsqueeze(-1)


def prefix_sums(scores: Tensor, values: Tensor) -> Sums:
    """scores (..., T), values (..., T, D) -> the sums over positions 0 .. t, at every t.

    Two levels of the same scan: within blocks of SCAN_BLOCK positions, then over what whole blocks add up to.
    """
    length = scores.shape[-1]
    if length <= SCAN_BLOCK:
        return _scan(scores, torch.ones_like(scores), values)
    blocks = -(-length // SCAN_BLOCK)
    padding = blocks * SCAN_BLOCK - length
    scores = F.pad(scores, (0, padding), value=NOTHING).unflatten(-1, (blocks, SCAN_BLOCK))
    values = F.pad(values, (0, 0, 0, padding)).unflatten(-2, (blocks, SCAN_BLOCK))
    within = _scan(scores, torch.ones_like(scores), values)
    through = _scan(within.reference[..., -1], within.weight[..., -1], within.weighted[..., -1, :])
    before = Sums(
        F.pad(through.reference[..., :-1], (1, 0), value=NOTHING).unsqueeze(-1),
        F.pad(through.weight[..., :-1], (1, 0)).unsqueeze(-1),
        F.pad(through.weighted[..., :-1, :], (0, 0, 1, 0)).unsqueeze(-2),
    )
    sums = within + before
    return Sums(
        sums.reference.flatten(-2)[..., :length],
        sums.weight.flatten(-2)[..., :length],
        sums.weighted.flatten(-3, -2)[..., :length, :],
    )


def _scan(scores: Tensor, weights: Tensor, values: Tensor) -> Sums:
    """Prefix sums of exp(score) * weight and exp(score) * value by one masked matrix product, O(T^2)."""
    # The reference cancels in every quotient, so no gradient need pass through it.
    reference = scores.detach().cummax(dim=-1).values
    length = scores.shape[-1]
    future = torch.ones(length, length, dtype=torch.bool, device=scores.device).triu(1)
    # Masked before exp: a future score may exceed the reference by any amount, and inf has no gradient.
    terms = torch.exp((scores.unsqueeze(-2) - reference.unsqueeze(-1)).masked_fill(future, NOTHING))  # (..., T, T)
    return Sums(reference, (terms @ weights.unsqueeze(-1)).squeeze(-1), terms @ values)


def _rest_of_previous_block(ended: Sums) -> Sums:
    """From sums over r .. n-1 of every block to sums over r+1 .. n-1 of the block before: (R, m, N, n)."""
    reference = F.pad(ended.reference[..., :-1, 1:], (0, 1, 1, 0), value=NOTHING)
    weight = F.pad(ended.weight[..., :-1, 1:], (0, 1, 1, 0))
    weighted = F.pad(ended.weighted[..., :-1, 1:, :], (0, 0, 0, 1, 1, 0))
    return Sums(reference, weight, weighted)
