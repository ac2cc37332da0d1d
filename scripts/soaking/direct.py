"""The definitions of every attention, by brute force in float64: nothing is kept, nothing is clever.

Written from the papers and apart from the implementation. Streams are rows (R, T, D) of queries, keys or values, from
the first token on; `heard` of their tokens have been heard, and the window is the last min(n, heard) of these.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from model import ModelConfig

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


def score_averages(scores: Tensor, values: Tensor, window: int) -> Tensor:
    """Scores (R, m, T), values (R, T, D) -> the softmax average over every window, (R, m, T, D)."""
    averages = []
    for heard in range(1, scores.shape[-1] + 1):
        seen = slice(max(0, heard - window), heard)
        averages.append(torch.softmax(scores[..., seen].double(), dim=-1) @ values[:, seen].double())
    return torch.stack(averages, dim=2)


def softmax_outputs(query: Tensor, key: Tensor, value: Tensor, heard: int, config: ModelConfig) -> Tensor:
    """All outputs of the window, (R, f, D)."""
    seen = _window(heard, config)
    return softmax_attention(query[:, seen], key[:, seen], value[:, seen])


def fixed_outputs(
    query: Tensor, key: Tensor, value: Tensor, heard: int, config: ModelConfig, landmarks: tuple[Tensor, Tensor]
) -> Tensor:
    """All outputs of the window, (R, f, D); the landmarks are Q~ and K~, each (R, m, D)."""
    seen = _window(heard, config)
    return nystrom(query[:, seen], key[:, seen], value[:, seen], *landmarks, config)


def continual_outputs(
    query: Tensor, key: Tensor, value: Tensor, heard: int, config: ModelConfig, first: int = 0
) -> Tensor:
    """All outputs of the window, (R, f, D), with the last m complete segments as landmarks.

    Of a long stream the tokens before number `first` may be left out, where no landmark reaches back to them.
    """
    if not complete_segments(heard, config):
        return softmax_outputs(query, key, value, heard - first, config)
    query_landmarks, key_landmarks = (continual_landmarks(stream, heard, config, first) for stream in (query, key))
    seen = _window(heard - first, config)
    return nystrom(query[:, seen], key[:, seen], value[:, seen], query_landmarks, key_landmarks, config)


def continual_landmarks(stream: Tensor, heard: int, config: ModelConfig, first: int = 0) -> Tensor:
    """Means of the last complete segments, (R, up to m, D); there must be one."""
    segments = [stream[:, start - first : end - first] for start, end in complete_segments(heard, config)]
    return torch.stack([segment.double().mean(dim=1) for segment in segments], dim=1)


def complete_segments(heard: int, config: ModelConfig) -> list[tuple[int, int]]:
    """Where the last m segments that are complete begin and end: number i ends after floor((i + 1) n / m) tokens."""
    window, count = config.window, config.landmark_count

    def end(index: int) -> int:
        return math.floor((index + 1) * window / count)

    soon = heard * count // window  # about the first that is not complete
    candidates = range(max(0, soon - count - 2), soon + 2)
    return [(end(index - 1), end(index)) for index in candidates if end(index) <= heard][-count:]


def nystrom(
    query: Tensor, keys: Tensor, values: Tensor, query_landmarks: Tensor, key_landmarks: Tensor, config: ModelConfig
) -> Tensor:
    """softmax(Q K~^T) P softmax(Q~ K^T) V, where P inverts softmax(Q~ K~^T); the rest of the arguments (R, ., D)."""
    averages = softmax_attention(query_landmarks, keys, values)
    inverted = inverse(landmark_matrix(query_landmarks, key_landmarks), config)
    return softmax_attention(query, key_landmarks, inverted @ averages)


def landmark_matrix(query_landmarks: Tensor, key_landmarks: Tensor) -> Tensor:
    """softmax(Q~ K~^T): (R, m, D) twice -> (R, m, m)."""
    identity = torch.eye(key_landmarks.shape[1], dtype=torch.float64)
    return softmax_attention(query_landmarks, key_landmarks, identity.expand(len(key_landmarks), -1, -1))


def inverse(matrix: Tensor, config: ModelConfig) -> Tensor:
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


def _window(heard: int, config: ModelConfig) -> slice:
    return slice(max(0, heard - config.window), heard)
