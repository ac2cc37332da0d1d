"""The definition of every attention, by brute force in float64, written from the papers apart from the implementation.

Streams are rows (R, T, D) of queries, keys or values, from the first token on; `heard` of their tokens have been heard,
and the window is the last min(n, heard) of these.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from model.config import BlockConfig

Stream = tuple[Tensor, Tensor, Tensor]  # queries, keys and values


def token(stream: Stream, number: int) -> Stream:
    """Each (R, D)."""
    query, key, value = stream
    return query[:, number], key[:, number], value[:, number]


def softmax_attention(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """softmax(q K^T / sqrt(D)) V: (..., T, D), (..., L, D), (..., L, E) -> (..., T, E)."""
    scores = torch.einsum("...td,...ld->...tl", query.double(), keys.double()) / math.sqrt(query.shape[-1])
    terms = (scores - scores.max(dim=-1, keepdim=True).values).exp()
    return (terms / terms.sum(dim=-1, keepdim=True)) @ values.double()


def gaussian_attention(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """exp(-|q - k|^2 / (2 sqrt(D))) V, not normalised: (R, T, D), (R, L, D), (R, L, D) -> (R, T, D)."""
    differences = query.double().unsqueeze(2) - keys.double().unsqueeze(1)
    return (-differences.square().sum(dim=-1) / (2 * math.sqrt(query.shape[-1]))).exp() @ values.double()


def window_outputs(
    stream: Stream, heard: int, config: BlockConfig, landmarks: tuple[Tensor, Tensor] | None = None, first: int = 0
) -> Tensor:
    """All outputs of the window, (R, f, D), by the configuration's attention.

    landmarks: Q~ and K~, each (R, m, D), where they are fixed; else they are the last m complete segments' means.
    Of a long stream the tokens before number `first` may be left out, where nothing reaches back to them.
    """
    query, key, value = stream
    if config.attention == "gaussian":
        seen = slice(max(0, heard - config.window - first), heard - first)
        return gaussian_attention(query[:, seen], key[:, seen], value[:, seen])
    if config.attention == "nystrom" and landmarks is None and complete_segments(heard, config):
        landmarks = continual_landmarks(query, heard, config, first), continual_landmarks(key, heard, config, first)
    seen = slice(max(0, heard - config.window - first), heard - first)
    if landmarks is None:
        return softmax_attention(query[:, seen], key[:, seen], value[:, seen])
    return nystrom(query[:, seen], key[:, seen], value[:, seen], *landmarks, config)


def continual_landmarks(stream: Tensor, heard: int, config: BlockConfig, first: int = 0) -> Tensor:
    """Means of the last complete segments, (R, up to m, D); there must be one."""
    segments = [stream[:, start - first : end - first] for start, end in complete_segments(heard, config)]
    return torch.stack([segment.double().mean(dim=1) for segment in segments], dim=1)


def complete_segments(heard: int, config: BlockConfig) -> list[tuple[int, int]]:
    """Where the last m segments that are complete begin and end: number i ends after floor((i + 1) n / m) tokens."""
    window, count = config.window, config.landmark_count

    def end(index: int) -> int:
        return math.floor((index + 1) * window / count)

    soon = heard * count // window  # about the first that is not complete
    candidates = range(max(0, soon - count - 2), soon + 2)
    return [(end(index - 1), end(index)) for index in candidates if end(index) <= heard][-count:]


def nystrom(
    query: Tensor, keys: Tensor, values: Tensor, query_landmarks: Tensor, key_landmarks: Tensor, config: BlockConfig
) -> Tensor:
    """softmax(Q K~^T) P softmax(Q~ K^T) V, where P inverts softmax(Q~ K~^T); the rest of the arguments (R, ., D)."""
    averages = softmax_attention(query_landmarks, keys, values)
    inverted = inverse(landmark_matrix(query_landmarks, key_landmarks), config)
    return softmax_attention(query, key_landmarks, inverted @ averages)


def landmark_matrix(query_landmarks: Tensor, key_landmarks: Tensor) -> Tensor:
    """softmax(Q~ K~^T): (R, m, D) twice -> (R, m, m)."""
    identity = torch.eye(key_landmarks.shape[1], dtype=torch.float64)
    return softmax_attention(query_landmarks, key_landmarks, identity.expand(len(key_landmarks), -1, -1))


def inverse(matrix: Tensor, config: BlockConfig) -> Tensor:
    """(R, m, m) -> (R, m, m), by the configuration's `inverse`."""
    if config.inverse == "newton-schulz":
        return newton_schulz(matrix)
    left, singular, right = torch.linalg.svd(matrix)
    inverted = 1.0 / singular if config.inverse == "pinv" else singular / (singular**2 + config.inverse_ridge)
    return torch.einsum("rki,rk,rjk->rij", right, inverted, left)


def newton_schulz(matrix: Tensor) -> Tensor:
    """Xiong et al., AAAI 2021, equation 11, six times."""
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype)
    norms = torch.linalg.matrix_norm(matrix, 1) * torch.linalg.matrix_norm(matrix, math.inf)
    estimate: Tensor = matrix.mT / norms[:, None, None]
    for _ in range(6):
        product = matrix @ estimate
        cubic = 13 * identity - product @ (15 * identity - product @ (7 * identity - product))
        estimate = 0.25 * estimate @ cubic
    return estimate
