"""The non-continual twin: the same weights, but the whole window is encoded from nothing for every frame.

It is what a sliding-window transformer does. The window shows it beside the continual encoder, cost against cost and
answer against answer: the two must agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.attention.kernel import Landmarks
from model.encoder import Encoder
from model.layers import without_gradients


@dataclass(frozen=True)
class TwinState:
    """Never changed in place."""

    landmarks: list[Landmarks | None]  # prepared once: the twin is as fast as it can be
    tokens: Tensor  # (B, 0 .. history, d) the last tokens, oldest first
    heard: int


torch.serialization.add_safe_globals([TwinState])


class WindowTwin:
    """Gets the tokens that the continual encoder gets, and recomputes all of the encoder over what an answer needs."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    @without_gradients
    def init_state(self, batch: int = 1) -> TwinState:
        no_tokens = self.encoder._like().new_empty(batch, 0, self.encoder.config.width)
        return TwinState(self.encoder.prepare(batch), no_tokens, 0)

    def push(self, tokens: Tensor, state: TwinState) -> TwinState:
        """tokens (B, T, d) -> the state after them; nothing is encoded."""
        kept = torch.cat([state.tokens, tokens], dim=1)[:, -self.encoder.config.history :]
        return TwinState(state.landmarks, kept, state.heard + tokens.shape[1])

    def answer(self, state: TwinState) -> Tensor:
        """Everything again: the answer (B, outputs) of the last token heard, of which there must be one."""
        return self.encoder.recompute(state.tokens, state.heard, state.landmarks)

    def step(self, token: Tensor, state: TwinState) -> tuple[Tensor, TwinState]:
        """token (B, d) -> the answer (B, outputs) and the state after it."""
        state = self.push(token.unsqueeze(1), state)
        return self.answer(state), state
