"""What both kinds of continual Nystrom attention share (Carreto Picon et al., 2024, arXiv 2412.03214).

With landmarks Q~, K~ (m, D) per row and scores scaled by 1 / sqrt(D), the output for a query q is

    o = softmax(q K~^T)  P  softmax(Q~ K_W^T) V_W

over the window W, where P inverts A = softmax(Q~ K~^T). Only the last factor depends on the window: it is one softmax
average per query landmark, kept by a SlidingAverage. The step does all of it in float64: A may be nearly singular, and
P then has large entries that cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.attention.kernel import KernelState
from model.config import ModelConfig
from model.definitions import invert


@dataclass
class NystromState(KernelState):
    """The sliding averages of the query landmarks, and what belongs to the key landmarks."""

    key_landmarks: Tensor  # (R, D, m) float64, K~^T / sqrt(D)
    inverse: Tensor  # (R, m, m) float64, P
    weights: Tensor | None  # retroactive: (R, n, m) float64, ring of softmax(q K~^T) P for every token of the window


def landmark_matrix_inverse(queries: Tensor, scaled_keys: Tensor, config: ModelConfig) -> Tensor:
    """Q~ (R, m, D), K~^T / sqrt(D) (R, D, m) -> P (R, m, m), computed in float64, in the dtype of Q~."""
    matrix = torch.softmax(queries.double() @ scaled_keys.double(), dim=-1)
    inverse: Tensor = invert(matrix, config.inverse, config.inverse_ridge, torch)
    return inverse.to(queries.dtype)


def landmark_weights(query: Tensor, scaled_keys: Tensor, inverse: Tensor) -> Tensor:
    """query (R, T, D) -> softmax(q K~^T) P (R, T, m), in the dtype of the landmarks."""
    return torch.bmm(torch.softmax(torch.bmm(query.to(scaled_keys.dtype), scaled_keys), dim=-1), inverse)
