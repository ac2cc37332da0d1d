"""Exact continual attention (Hedegaard et al., ICLR 2023, arXiv 2201.06268).

Single output (their section 3.3): the newest query over the ring of keys and values, O(n d).
Retroactive (their section 3.2): all n outputs of the window, each updated by what leaves and what enters, O(n d).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from model.attention.kernel import Kernel, KernelState, Landmarks
from model.attention.sliding_average import SlidingAverage
from model.definitions import QUERY_CHUNK


def attend(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
    """torch's fused attention on rows, keys that a mask does not hide: (R, T, D), (R, L, D), (R, L, D) -> (R, T, D)."""
    output = F.scaled_dot_product_attention(query.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0), mask)
    return output.squeeze(0)


class SoftmaxKernel(Kernel):
    """softmax(q K^T / sqrt(D)) V."""

    attend = staticmethod(attend)  # another one in GaussianKernel

    def init_state(self, batch: int, like: Tensor) -> KernelState:
        config = self.config
        standing = config.window if config.stacking == "retroactive" else 0
        memory = SlidingAverage.empty(config.heads * batch, standing, config.head_width, config.window, like)
        return KernelState(self.shape(batch, like.dtype), memory)

    def step(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        memory = state.memory
        memory.push(key, value)
        keys, values = memory.keys[:, : memory.filled], memory.values[:, : memory.filled]
        weights = torch.softmax(torch.bmm((query * self.scale).unsqueeze(1), keys.mT), dim=-1)
        return torch.bmm(weights, values).squeeze(1)

    def step_all(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        memory = state.memory
        place = memory.position % memory.window
        memory.push(key, value)
        memory.set_query(place, query)
        return memory.in_order(memory.averages())

    def steps(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        return self._banded(query, *state.memory.extend(key, value))

    def parallel(
        self, query: Tensor, key: Tensor, value: Tensor, first: int = 0, landmarks: Landmarks | None = None
    ) -> Tensor:
        return self._banded(query, key, value)

    def recompute(
        self, query: Tensor, key: Tensor, value: Tensor, heard: int, landmarks: Landmarks | None, last_only: bool
    ) -> Tensor:
        return self.attend(query[:, -1:] if last_only else query, key, value)

    def _banded(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """The last T of the tokens are asked for: query (R, T, D), keys and values (R, >= T, D)."""
        window, before = self.config.window, keys.shape[1] - query.shape[1]
        outputs = []
        for start in range(0, query.shape[1], QUERY_CHUNK):
            chunk = query[:, start : start + QUERY_CHUNK]
            end = before + start + chunk.shape[1]
            begin = max(0, before + start - window + 1)
            seen_by = torch.arange(before + start, end, device=query.device).unsqueeze(1)
            seen = torch.arange(begin, end, device=query.device)
            band = (seen <= seen_by) & (seen > seen_by - window)
            outputs.append(self.attend(chunk, keys[:, begin:end], values[:, begin:end], band))
        return torch.cat(outputs, dim=1)
