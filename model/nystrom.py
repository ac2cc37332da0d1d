"""Continual Nystrom attention with fixed landmarks (Carreto Picon et al., 2024, arXiv 2412.03214).

With landmarks Q~, K~ (m, d_head) per head and scores scaled by 1 / sqrt(d_head), the output for token t is

    o_t = softmax(q_t K~^T)  P  softmax(Q~ K_W^T) V_W

over the window W of the last n tokens, where P inverts A = softmax(Q~ K~^T). Only the last factor depends on the
window, and it is a softmax average per landmark: the step keeps its sums and costs O(m d), whatever n is.
The inverse is the regularised P = (A^T A + epsilon I)^-1 A^T in training and in use: a learned A becomes nearly
singular, and its exact pseudo-inverse would amplify noise.

Tensor dimensions: B batch, H heads, R = H * B rows, m landmarks, T tokens, d width, D = d / H head width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import ModelConfig
from model.layers import linear
from model.running_average import RunningAverage
from model.window_average import window_averages


class Landmarks(NamedTuple):
    """What the landmarks alone decide, computed once per stream; the scale of the scores is in it."""

    queries: Tensor  # (H, D, m) Q~^T / sqrt(D)
    keys: Tensor  # (H, D, m) K~^T / sqrt(D)
    inverse: Tensor  # (H, m, m) P, the regularised left inverse of A = softmax(Q~ K~^T)


@dataclass(frozen=True)
class AttentionState:
    """One batch of streams between two tokens.

    `step` and `steps` consume the state they are given (its rings are written in place, so that a step costs the
    same for every window) and return the one to go on with; `clone` first to keep a copy.
    """

    landmarks: Landmarks
    average: RunningAverage
    position: int  # tokens heard; a state whose rings have moved on is refused

    @property
    def filled(self) -> int:
        """How many tokens of the window have been heard, 0 .. n."""
        return self.average.filled

    def clone(self) -> AttentionState:
        return replace(self, average=self.average.clone())


class NystromAttention(nn.Module):
    """Multi-head Nystrom attention with fixed, learned landmarks."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.query_key_value = nn.Linear(config.width, 3 * config.width)
        self.output = nn.Linear(config.width, config.width)
        shape = (config.heads, config.landmarks, config.head_width)
        self.query_landmarks = nn.Parameter(torch.randn(shape))  # Q~
        self.key_landmarks = nn.Parameter(torch.randn(shape))  # K~

    def init_state(self, batch: int = 1) -> AttentionState:
        config = self.config
        like = self.query_landmarks.detach()
        rows = config.heads * batch
        average = RunningAverage.empty(rows, config.landmarks, config.head_width, config.window, like)
        return AttentionState(self.landmarks(), average, position=0)

    def landmarks(self) -> Landmarks:
        """The landmarks prepared for use. Gradients pass through."""
        scale = 1.0 / math.sqrt(self.config.head_width)
        queries, keys = self.query_landmarks.mT * scale, self.key_landmarks.mT * scale
        matrix = torch.softmax(self.query_landmarks @ keys, dim=-1)  # A
        ridge = self.config.inverse_ridge * torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
        return Landmarks(queries, keys, torch.linalg.solve(matrix.mT @ matrix + ridge, matrix.mT))

    def step(self, token: Tensor, state: AttentionState) -> tuple[Tensor, AttentionState]:
        """token (B, d) -> output (B, d) for it, and the state after it."""
        self._check(token, state)
        query, key, value = self._project(token.unsqueeze(1)).unbind(0)  # (H, B, D)
        scores = torch.bmm(key, state.landmarks.queries)  # (H, B, m)
        state.average.push(scores.flatten(0, 1), value.flatten(0, 1))
        weights = _landmark_weights(query, state.landmarks)  # (H, B, m)
        heads = state.average.mix(weights.flatten(0, 1)).unflatten(0, (self.config.heads, -1))  # (H, B, D)
        output = linear(self.output, heads.transpose(0, 1).flatten(1))
        return output, replace(state, position=state.position + 1)

    def steps(self, tokens: Tensor, state: AttentionState) -> tuple[Tensor, AttentionState]:
        """tokens (B, T, d) -> outputs (B, T, d), what T steps would give, and the state after the last."""
        self._check(tokens, state)
        batch, length, _ = tokens.shape
        if length == 0:
            return tokens, state
        query, key, value = self._project(tokens).unbind(0)  # (H, B * T, D)
        scores = torch.bmm(key, state.landmarks.queries).unflatten(1, (batch, length)).flatten(0, 1).mT  # (R, m, T)
        value = value.unflatten(1, (batch, length)).flatten(0, 1)  # (R, T, D)
        past_scores, past_values = state.average.history(min(state.filled, self.config.window - 1))
        averages = window_averages(
            torch.cat([past_scores, scores], dim=-1), torch.cat([past_values, value], dim=-2), self.config.window
        )[:, :, -length:]  # (R, m, T, D)
        weights = _landmark_weights(query, state.landmarks).unflatten(1, (batch, length)).flatten(0, 1)  # (R, T, m)
        heads = torch.einsum("rtm,rmtd->rtd", weights, averages).unflatten(0, (self.config.heads, batch))
        state.average.extend(scores.detach(), value.detach())
        output = linear(self.output, heads.permute(1, 2, 0, 3).flatten(2))
        return output, replace(state, position=state.position + length)

    def recompute(self, tokens: Tensor, landmarks: Landmarks) -> Tensor:
        """The non-continual attention: tokens (B, n, d) of one whole window -> all n outputs (B, n, d) of it."""
        batch = tokens.shape[0]
        projected = self._project(tokens).unflatten(2, (batch, -1))  # (3, H, B, n, D)
        query, key, value = projected.transpose(1, 2).unbind(0)  # (B, H, n, D)
        averages = F.scaled_dot_product_attention(self.query_landmarks.expand(batch, -1, -1, -1), key, value)
        heads = F.scaled_dot_product_attention(
            query, self.key_landmarks.expand(batch, -1, -1, -1), landmarks.inverse @ averages
        )
        return linear(self.output, heads.transpose(1, 2).flatten(2))

    def _project(self, tokens: Tensor) -> Tensor:
        """(B, T, d) -> queries, keys and values, (3, H, B * T, D)."""
        config = self.config
        return linear(self.query_key_value, tokens).view(-1, 3, config.heads, config.head_width).permute(1, 2, 0, 3)

    def _check(self, tokens: Tensor, state: AttentionState) -> None:
        config, average = self.config, state.average
        if tokens.shape[-1] != config.width:
            raise ValueError(f"tokens are {tokens.shape[-1]} wide; this attention expects {config.width}")
        if tokens.dtype != self.query_landmarks.dtype:
            raise ValueError(f"tokens are {tokens.dtype}; the weights are {self.query_landmarks.dtype}")
        expected = (config.window, config.heads * tokens.shape[0], config.landmarks)
        if tuple(average.scores.shape) != expected:
            raise ValueError(
                f"the state is for (window, heads x batch, landmarks) = {tuple(average.scores.shape)}; "
                f"expected {expected}"
            )
        if state.position != average.position:
            raise ValueError(
                f"this state stood at token {state.position} and has been stepped to {average.position} since; "
                "go on from the newest state, or clone a state before stepping it"
            )


def _landmark_weights(query: Tensor, landmarks: Landmarks) -> Tensor:
    """query (H, N, D) -> softmax(q K~^T) P (H, N, m)."""
    return torch.bmm(torch.softmax(torch.bmm(query, landmarks.keys), dim=-1), landmarks.inverse)
