"""Continual Nystrom attention with fixed landmarks: Q~ and K~ are parameters, and a step costs O(m d) for any window.

P is prepared once. With landmarks that do not move, nothing in the step knows how long the window is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.attention.kernel import KernelState, Landmarks
from model.attention.nystrom import (
    NystromKernel,
    NystromState,
    attend_by_landmarks,
    landmark_matrix_inverse,
    landmark_weights,
    mix_by_landmarks,
)
from model.attention.sliding_average import SlidingAverage
from model.attention.window_average import mix_window_averages
from model.config import BlockConfig


class FixedLandmarkKernel(NystromKernel):
    """Learned landmarks per head; start them with `MultiHeadAttention.fix_landmarks`, then train them."""

    def __init__(self, config: BlockConfig) -> None:
        super().__init__(config)
        shape = (config.heads, config.landmark_count, config.head_width)
        self.query_landmarks = nn.Parameter(torch.randn(shape))  # Q~
        self.key_landmarks = nn.Parameter(torch.randn(shape))  # K~

    def prepare(self, batch: int) -> Landmarks:
        inverse = landmark_matrix_inverse(self.query_landmarks, self.key_landmarks.mT * self.scale, self.config)
        by_head = (self.query_landmarks, self.key_landmarks, inverse)
        return Landmarks(*(each.repeat_interleave(batch, dim=0) if batch != 1 else each for each in by_head))

    def init_state(self, batch: int, like: Tensor) -> NystromState:
        config = self.config
        landmarks = (each.detach().double() for each in (self.query_landmarks, self.key_landmarks))
        queries, keys = (each.repeat_interleave(batch, dim=0) for each in landmarks)
        scaled_keys = keys.mT * self.scale
        memory = SlidingAverage.empty(len(queries), config.landmark_count, config.head_width, config.window, like)
        memory.set_queries(queries)
        unwritten = queries.new_full((len(queries), config.window, config.landmark_count), float("nan"))
        return NystromState(
            shape=self.shape(batch, like.dtype),
            memory=memory,
            key_landmarks=scaled_keys,
            inverse=landmark_matrix_inverse(queries, scaled_keys, config),
            weights=unwritten if config.stacking == "retroactive" else None,
            queries=None,
        )

    def push(self, query: Tensor, key: Tensor, value: Tensor, state: NystromState) -> bool:
        state.memory.push(key, value)
        if state.position % self.config.window == 0:
            state.memory.recompute()  # once per window, so that no rounding is ever older than that
        return False

    def steps(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        assert isinstance(state, NystromState)
        memory = state.memory
        keys, values = memory.extend(key, value)
        # The very landmarks of the steps, rounded once, scaled already.
        weights = landmark_weights(query, state.key_landmarks.to(key.dtype), state.inverse.to(key.dtype))
        return mix_window_averages(weights, memory.queries.to(key.dtype) @ keys.mT, values, self.config.window)

    def parallel(
        self, query: Tensor, key: Tensor, value: Tensor, first: int = 0, landmarks: Landmarks | None = None
    ) -> Tensor:
        landmarks = landmarks or self.prepare(len(query) // self.config.heads)
        return mix_by_landmarks(query, key, value, landmarks, self.scale, self.config.window)

    def recompute(
        self, query: Tensor, key: Tensor, value: Tensor, heard: int, landmarks: Landmarks | None, last_only: bool
    ) -> Tensor:
        landmarks = landmarks or self.prepare(len(query) // self.config.heads)
        return attend_by_landmarks(query[:, -1:] if last_only else query, key, value, landmarks)
