"""Inverses of the landmark matrix A = softmax(Q~ K~^T), (R, m, m) -> (R, m, m)."""

from __future__ import annotations

import torch
from torch import Tensor

from model.definitions import NEWTON_SCHULZ_ITERATIONS


def invert(matrix: Tensor, method: str, ridge: float) -> Tensor:
    """By the configuration's `inverse`: "ridge", "pinv" or "newton-schulz"."""
    if method == "ridge":
        return ridge_inverse(matrix, ridge)
    if method == "pinv":
        exact: Tensor = torch.linalg.pinv(matrix)
        return exact
    return newton_schulz_inverse(matrix)


def ridge_inverse(matrix: Tensor, ridge: float) -> Tensor:
    """(A^T A + epsilon I)^-1 A^T: for a learned, nearly singular A, whose exact pseudo-inverse amplifies noise."""
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    inverse: Tensor = torch.linalg.solve(matrix.mT @ matrix + ridge * identity, matrix.mT)
    return inverse


def newton_schulz_inverse(matrix: Tensor, iterations: int = NEWTON_SCHULZ_ITERATIONS) -> Tensor:
    """The approximate pseudo-inverse of Xiong et al., AAAI 2021, equation 11, and its start from Z = A^T."""
    largest_column = matrix.abs().sum(dim=-2).amax(dim=-1)
    largest_row = matrix.abs().sum(dim=-1).amax(dim=-1)
    inverse = matrix.mT / (largest_column * largest_row)[..., None, None]
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    for _ in range(iterations):
        product = matrix @ inverse
        inverse = inverse @ (13 * identity - product @ (15 * identity - product @ (7 * identity - product))) / 4
    return inverse
