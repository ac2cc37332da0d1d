"""Softmax averages over a sliding window, one position at a time: what enters is added, what leaves is subtracted.

The published form of this subtraction overflows and drifts. Here it does neither:

- what leaves is computed from the same score and reference, by the same operation, as when it entered, so it is the
  same number to the last bit; the sums are float64, in which a million additions and subtractions leave no trace;
- the reference of a landmark changes only when its sums are recomputed from the window, and that happens at once
  when a new score exceeds it by MAX_EXCESS (exp would overflow) or when the sum has fallen below MIN_SHARE of its
  peak (a dominant token has left, and what remains is small beside the rounding of what was there);
- everything is recomputed once per window, so that no rounding is older than that.

Tensor dimensions: R rows (one per head and stream), m landmarks, D head width, n window.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_EXCESS = 60.0  # exp(60) is 1e26: far from float32's 3e38, also summed over a window
MIN_SHARE = 1e-6


@dataclass
class RunningAverage:
    """The last n scores and values of some rows and their sums. `push` changes it in place.

    A one is kept behind every value, so that the sum of the terms stands behind the sum of the terms times values.
    """

    scores: Tensor  # (n, R, m) ring; NaN where nothing was written yet, so that no early read can hide
    values: Tensor  # (n, R, D + 1) ring
    reference: Tensor  # (R, m) what is subtracted from a score before exp
    sums: Tensor  # (R, m, D + 1) float64, sum of exp(score - reference) * (value, 1) over the window
    peak: Tensor  # (R, m) float64, the largest sum of terms since the reference was chosen
    position: int = 0  # how many were pushed

    @classmethod
    def empty(cls, rows: int, landmarks: int, head_width: int, window: int, like: Tensor) -> RunningAverage:
        """With the dtype and device of `like`."""
        nan = float("nan")
        return cls(
            scores=like.new_full((window, rows, landmarks), nan),
            values=like.new_full((window, rows, head_width + 1), nan),
            reference=like.new_full((rows, landmarks), nan),
            sums=like.new_full((rows, landmarks, head_width + 1), nan, dtype=torch.float64),
            peak=like.new_full((rows, landmarks), nan, dtype=torch.float64),
        )

    @property
    def window(self) -> int:
        return self.scores.shape[0]

    @property
    def filled(self) -> int:
        return min(self.position, self.window)

    def push(self, score: Tensor, value: Tensor) -> None:
        """Let score (R, m) and value (R, D) enter, and what is n positions older leave."""
        slot = self.position % self.window
        if slot and self.position > self.window:  # at slot 0 everything is recomputed below
            self._add(self.scores[slot] - self.reference, self.values[slot], -1)
        self.scores[slot] = score
        self.values[slot] = F.pad(value, (0, 1), value=1.0)
        self.position += 1
        if slot == 0:
            self._recompute_all()
            return
        excess = score - self.reference
        self._add(excess, self.values[slot], 1)
        weight = self.sums[..., -1]
        torch.maximum(self.peak, weight, out=self.peak)
        untrue = (excess > MAX_EXCESS) | (weight < MIN_SHARE * self.peak)
        if untrue.any():
            self._recompute(untrue)

    def mix(self, weights: Tensor) -> Tensor:
        """weights (R, m) -> (R, D): the landmarks' averages over the window, weighted and added up."""
        shares = (weights / self.sums[..., -1]).unsqueeze(1)
        return torch.bmm(shares, self.sums)[:, 0, :-1].to(weights.dtype)

    def extend(self, scores: Tensor, values: Tensor) -> None:
        """Push many: scores (R, m, T), values (R, T, D)."""
        length = scores.shape[-1]
        kept = min(length, self.window)
        slots = torch.arange(self.position + length - kept, self.position + length) % self.window
        self.scores[slots] = scores[..., length - kept :].permute(2, 0, 1)
        self.values[slots] = F.pad(values[:, length - kept :].transpose(0, 1), (0, 1), value=1.0)
        self.position += length
        self._recompute_all()

    def history(self, length: int) -> tuple[Tensor, Tensor]:
        """The last `length` scores (R, m, length) and values (R, length, D), oldest first."""
        slots = torch.arange(self.position - length, self.position) % self.window
        return self.scores[slots].permute(1, 2, 0), self.values[slots][..., :-1].transpose(0, 1)

    def clone(self) -> RunningAverage:
        return copy.deepcopy(self)

    def _add(self, excess: Tensor, value: Tensor, sign: int) -> None:
        """Add or take away the terms exp(excess) (R, m) of one value (R, D + 1)."""
        self.sums.addcmul_(torch.exp(excess).unsqueeze(-1), value.unsqueeze(-2), value=sign)  # in float64

    def _recompute_all(self) -> None:
        scores, values = self.scores[: self.filled], self.values[: self.filled]
        self.reference = scores.amax(dim=0)
        terms = torch.exp(scores - self.reference).double()
        self.sums = torch.einsum("nrm,nrd->rmd", terms, values.double())
        self.peak = self.sums[..., -1].clone()

    def _recompute(self, chosen: Tensor) -> None:
        """Recompute the sums of the chosen landmarks, a mask (R, m)."""
        row, landmark = chosen.nonzero(as_tuple=True)
        scores = self.scores[: self.filled, row, landmark]  # (n, chosen)
        reference = scores.amax(dim=0)
        terms = torch.exp(scores - reference).double()
        values = self.values[: self.filled, row].double()  # (n, chosen, D + 1)
        sums = torch.einsum("nc,ncd->cd", terms, values)
        self.reference[chosen], self.sums[chosen], self.peak[chosen] = reference, sums, sums[:, -1]
