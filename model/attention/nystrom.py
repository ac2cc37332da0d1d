"""What both kinds of continual Nystrom attention share (Carreto Picon et al., 2024, arXiv 2412.03214).

Equation 3 of docs/attention.md. Only its last factor depends on the window: one softmax average per query landmark,
kept by a SlidingAverage. The step does all of it in float64: A may be nearly singular, and P then has large entries
that cancel.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from model.attention.kernel import Kernel, KernelState, Landmarks
from model.attention.sliding_average import as_pytree
from model.attention.softmax import attend
from model.attention.window_average import mix_window_averages
from model.config import BlockConfig
from model.definitions import invert


@as_pytree
@dataclass
class NystromState(KernelState):
    """The sliding averages of the query landmarks, and what belongs to the key landmarks."""

    key_landmarks: Tensor  # (R, D, m) float64, K~^T / sqrt(D)
    inverse: Tensor  # (R, m, m) float64, P
    weights: Tensor | None  # retroactive: (R, n, m) float64, ring of softmax(q K~^T) P for every token of the window
    queries: Tensor | None  # retroactive, with landmarks that move: (R, n, D) ring of every token's query


class NystromKernel(Kernel):
    """Their steps; the kinds differ in whether landmarks move. Of the m places, `memory.standing` are in use."""

    @abstractmethod
    def push(self, query: Tensor, key: Tensor, value: Tensor, state: NystromState) -> bool:
        """Let the newest token enter; whether a landmark has moved."""

    def step(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        assert isinstance(state, NystromState)
        self.push(query, key, value, state)
        memory = state.memory
        if not memory.standing:
            return attend(query.unsqueeze(1), *memory.history(memory.filled)).squeeze(1)
        return memory.mix(_standing_weights(query.unsqueeze(1), state)).squeeze(1)

    def step_all(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        assert isinstance(state, NystromState)
        assert state.weights is not None
        memory, queries = state.memory, query.unsqueeze(1)
        place = memory.position % memory.window
        fresh = slice(place, place + 1)
        if state.queries is not None:
            state.queries[:, place] = query
        moved = self.push(query, key, value, state)
        if moved or not memory.standing:
            assert state.queries is not None
            fresh, queries = slice(0, memory.filled), state.queries[:, : memory.filled]
        if not memory.standing:
            return attend(queries, *memory.history(memory.filled))
        state.weights[:, fresh, : memory.standing] = _standing_weights(queries, state)
        return memory.mix(memory.in_order(state.weights)[..., : memory.standing])


def _standing_weights(query: Tensor, state: NystromState) -> Tensor:
    return landmark_weights(query, state.key_landmarks[..., : state.memory.standing], state.inverse)


def landmark_matrix_inverse(queries: Tensor, scaled_keys: Tensor, config: BlockConfig) -> Tensor:
    """Q~ (R, m, D), K~^T / sqrt(D) (R, D, m) -> P (R, m, m), computed in float64, in the dtype of Q~."""
    return inverse_of(torch.softmax(queries.double() @ scaled_keys.double(), dim=-1), config).to(queries.dtype)


def inverse_of(matrix: Tensor, config: BlockConfig) -> Tensor:
    """A (R, m, m) float64 -> P, by the configuration's `inverse`."""
    if config.inverse == "ridge" and torch.compiler.is_compiling():
        return _ridge_inverse(matrix, config.inverse_ridge)
    inverse: Tensor = invert(matrix, config.inverse, config.inverse_ridge, torch)
    return inverse


def _ridge_inverse(matrix: Tensor, ridge: float) -> Tensor:
    """The same by elimination, in operations that ONNX has too: (A^T A + epsilon I) needs no pivoting."""
    places = torch.arange(matrix.shape[-1], device=matrix.device)
    identity = (places.unsqueeze(1) == places).to(matrix)
    left, right = matrix.mT @ matrix + ridge * identity, matrix.mT
    for i in range(matrix.shape[-1]):
        factors = (left[:, :, i : i + 1] - identity[:, i : i + 1]) / left[:, i : i + 1, i : i + 1]
        left, right = left - factors * left[:, i : i + 1], right - factors * right[:, i : i + 1]
    return right


def landmark_weights(query: Tensor, scaled_keys: Tensor, inverse: Tensor) -> Tensor:
    """query (R, T, D) -> softmax(q K~^T) P (R, T, m), in the dtype of the landmarks."""
    return torch.bmm(torch.softmax(torch.bmm(query.to(scaled_keys.dtype), scaled_keys), dim=-1), inverse)


def attend_by_landmarks(
    query: Tensor, key: Tensor, value: Tensor, landmarks: Landmarks, mask: Tensor | None = None
) -> Tensor:
    """Over one window: query (R, T, D), key and value (R, L, D), of which a mask (1, L) may hide some -> (R, T, D)."""
    averages = attend(landmarks.queries, key, value, mask)
    return attend(query, landmarks.keys, torch.bmm(landmarks.inverse, averages))


def mix_by_landmarks(
    query: Tensor, keys: Tensor, values: Tensor, landmarks: Landmarks, scale: float, window: int
) -> Tensor:
    """Over every window: the last T of the tokens are asked for, query (R, T, D), keys and values (R, >= T, D)."""
    weights = landmark_weights(query, landmarks.keys.mT * scale, landmarks.inverse)
    return mix_window_averages(weights, landmarks.queries * scale @ keys.mT, values, window)
