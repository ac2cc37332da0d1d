"""The encoder: one pre-norm block of attention and feed-forward, then a linear head at every token."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from model.config import ModelConfig
from model.layers import linear, norm
from model.nystrom import AttentionState, Landmarks, NystromAttention

EncoderState = AttentionState  # attention is all that an encoder of one block remembers


class Encoder(nn.Module):
    """Tokens (B, T, d) -> logits (B, T, genres).

    x = x + attention(norm(x));  x = x + feed_forward(norm(x));  logits = head(norm(x))
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = NystromAttention(config)
        self.feed_forward_norm = nn.LayerNorm(config.width)
        self.widen = nn.Linear(config.width, config.feed_forward)
        self.narrow = nn.Linear(config.feed_forward, config.width)
        self.dropout = config.dropout
        self.head_norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, len(config.genres))

    def init_state(self, batch: int = 1) -> EncoderState:
        return self.attention.init_state(batch)

    def step(self, token: Tensor, state: EncoderState) -> tuple[Tensor, EncoderState]:
        """token (B, d) -> logits (B, genres). Consumes the state: see AttentionState."""
        attended, state = self.attention.step(norm(self.attention_norm, token), state)
        return self._answer(self._finish_block(token, attended)), state

    def steps(self, tokens: Tensor, state: EncoderState) -> tuple[Tensor, EncoderState]:
        """tokens (B, T, d) -> logits (B, T, genres), what T steps would give. Consumes the state."""
        attended, state = self.attention.steps(norm(self.attention_norm, tokens), state)
        return self._answer(self._finish_block(tokens, attended)), state

    def recompute(self, tokens: Tensor, landmarks: Landmarks) -> Tensor:
        """The non-continual encoder: a whole window of tokens (B, n, d) -> logits (B, genres) of its last token."""
        attended = self.attention.recompute(norm(self.attention_norm, tokens), landmarks)
        return self._answer(self._finish_block(tokens, attended)[:, -1])

    def _finish_block(self, tokens: Tensor, attended: Tensor) -> Tensor:
        tokens = tokens + self._drop(attended)
        # The tanh form of GELU takes a quarter of the time of the one with erf for a single token.
        hidden = F.gelu(linear(self.widen, norm(self.feed_forward_norm, tokens)), approximate="tanh")
        return tokens + self._drop(linear(self.narrow, self._drop(hidden)))

    def _drop(self, inputs: Tensor) -> Tensor:
        return F.dropout(inputs, self.dropout) if self.training else inputs

    def _answer(self, tokens: Tensor) -> Tensor:
        return linear(self.head, norm(self.head_norm, tokens))
