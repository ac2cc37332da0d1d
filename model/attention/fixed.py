"""Continual Nystrom attention with fixed landmarks: Q~ and K~ are parameters, and a step costs O(m d) for any window.

P is prepared once. With landmarks that do not move, nothing in the step knows how long the window is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.attention.kernel import Kernel, KernelState, Landmarks
from model.attention.nystrom import (
    NystromState,
    attend_by_landmarks,
    landmark_matrix_inverse,
    landmark_weights,
    mix_by_landmarks,
)
from model.attention.sliding_average import SlidingAverage
from model.attention.window_average import mix_window_averages
from model.config import BlockConfig


class FixedLandmarkKernel(Kernel):
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
        landmarks = self.prepare(batch)
        rows = config.heads * batch
        memory = SlidingAverage.empty(rows, config.landmark_count, config.head_width, config.window, like)
        memory.set_queries(landmarks.queries.detach())
        retroactive = config.stacking == "retroactive"
        weights = memory.sums.new_full((rows, config.window, config.landmark_count), float("nan"))
        keys = landmarks.keys.detach().double().mT * self.scale
        inverse = landmark_matrix_inverse(landmarks.queries.detach().double(), keys, config)
        return NystromState(self.shape(batch, like.dtype), memory, keys, inverse, weights if retroactive else None)

    def step(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        assert isinstance(state, NystromState)
        self._push(key, value, state)
        weights = landmark_weights(query.unsqueeze(1), state.key_landmarks, state.inverse)
        return state.memory.mix(weights).squeeze(1)

    def step_all(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        assert isinstance(state, NystromState)
        assert state.weights is not None
        place = state.position % self.config.window
        self._push(key, value, state)
        state.weights[:, place] = landmark_weights(query.unsqueeze(1), state.key_landmarks, state.inverse).squeeze(1)
        return state.memory.mix(state.memory.in_order(state.weights))

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

    def _push(self, key: Tensor, value: Tensor, state: NystromState) -> None:
        state.memory.push(key, value)
        if state.position % self.config.window == 0:
            state.memory.recompute()  # once per window, so that no rounding is ever older than that
