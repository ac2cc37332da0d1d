"""Continual Gaussian attention without normalisation: SOFT (Lu et al., NeurIPS 2021), as deep continual models have it
(Carreto Picon et al., 2025, arXiv 2511.17693).

Equation 4 of docs/attention.md. No weight exceeds 1 and nothing is divided, so that nothing overflows. Distances are
float64: they are small differences of large squares.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.attention.kernel import KernelState
from model.attention.sliding_average import SlidingAverage, as_pytree
from model.attention.softmax import SoftmaxKernel


@as_pytree
@dataclass
class GaussianState(KernelState):
    """Beside the rings of keys and values, in retroactive attention every token's query and its output so far."""

    queries: Tensor | None  # (R, n, D) ring
    sums: Tensor | None  # (R, n, D) float64, ring


def attend_by_distance(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
    """query (R, T, D), keys and values (R, L, D), of which a mask (T or 1, L) may hide some -> (R, T, D)."""
    scale = query.shape[-1] ** -0.5
    query, keys = query.double(), keys.double()
    squares = query.square().sum(-1, keepdim=True) + keys.square().sum(-1).unsqueeze(-2)
    scores = scale * (torch.bmm(query, keys.mT) - squares / 2)
    terms = scores.clamp(max=0.0).to(values.dtype).exp()
    if mask is not None:
        terms = terms.masked_fill(~mask, 0.0)
    return torch.bmm(terms, values)


class GaussianKernel(SoftmaxKernel):
    """sum_i exp(-|q - k_i|^2 / (2 sqrt(D))) v_i over the last n tokens."""

    attend = staticmethod(attend_by_distance)

    def init_state(self, batch: int, like: Tensor) -> GaussianState:
        config = self.config
        memory = SlidingAverage.empty(config.heads * batch, 0, config.head_width, config.window, like)
        queries, sums = None, None
        if config.stacking == "retroactive":
            queries, sums = memory.keys.clone(), memory.keys.to(torch.float64, copy=True)  # not written yet
        return GaussianState(self.shape(batch, like.dtype), memory, queries, sums)

    def step(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        memory = state.memory
        memory.push(key, value)
        keys, values = memory.keys[:, : memory.filled], memory.values[:, : memory.filled]
        return self.attend(query.unsqueeze(1), keys, values).squeeze(1)

    def step_all(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        """A query's sum is made from the rings when it enters, so that no rounding is older than a window."""
        assert isinstance(state, GaussianState)
        assert state.queries is not None
        assert state.sums is not None
        memory = state.memory
        place, filled = memory.position % memory.window, memory.filled
        keys, values = key.unsqueeze(1), value.unsqueeze(1).double()
        if filled == memory.window:
            keys = torch.cat([keys, memory.keys[:, place : place + 1]], dim=1)
            values = torch.cat([values, -memory.values[:, place : place + 1].double()], dim=1)
        memory.push(key, value)
        state.sums[:, :filled] += self.attend(state.queries[:, :filled], keys, values)
        state.queries[:, place] = query
        keys, values = memory.keys[:, : memory.filled], memory.values[:, : memory.filled]
        state.sums[:, place] = self.attend(query.unsqueeze(1), keys, values.double()).squeeze(1)
        return memory.in_order(state.sums).to(value.dtype)
