"""The encoder: one pre-norm block of attention and feed-forward, then a linear head at every token."""

from __future__ import annotations

from torch import Tensor, nn

from model.config import ModelConfig
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
        self.feed_forward = nn.Sequential(
            nn.Linear(config.width, config.feed_forward),
            nn.GELU(approximate="tanh"),  # several times faster than erf for a single token
            nn.Dropout(config.dropout),
            nn.Linear(config.feed_forward, config.width),
        )
        self.dropout = nn.Dropout(config.dropout)
        self.head_norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, len(config.genres))

    def init_state(self, batch: int = 1) -> EncoderState:
        return self.attention.init_state(batch)

    def step(self, token: Tensor, state: EncoderState) -> tuple[Tensor, EncoderState]:
        """token (B, d) -> logits (B, genres). Consumes the state: see AttentionState."""
        attended, state = self.attention.step(self.attention_norm(token), state)
        return self._answer(self._finish_block(token, attended)), state

    def steps(self, tokens: Tensor, state: EncoderState) -> tuple[Tensor, EncoderState]:
        """tokens (B, T, d) -> logits (B, T, genres), what T steps would give. Consumes the state."""
        attended, state = self.attention.steps(self.attention_norm(tokens), state)
        return self._answer(self._finish_block(tokens, attended)), state

    def recompute(self, tokens: Tensor, landmarks: Landmarks) -> Tensor:
        """The non-continual encoder: a whole window of tokens (B, n, d) -> logits (B, genres) of its last token."""
        attended = self.attention.recompute(self.attention_norm(tokens), landmarks)
        return self._answer(self._finish_block(tokens, attended)[:, -1])

    def _finish_block(self, tokens: Tensor, attended: Tensor) -> Tensor:
        tokens = tokens + self.dropout(attended)
        return tokens + self.dropout(self.feed_forward(self.feed_forward_norm(tokens)))

    def _answer(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.head(self.head_norm(tokens))
        return logits
