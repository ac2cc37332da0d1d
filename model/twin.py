"""The non-continual twin: the same weights, but for every frame the whole window is encoded from nothing.

It is what a sliding-window transformer does. The window shows it beside the continual encoder, cost against cost and
answer against answer: the two must agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.encoder import Encoder
from model.nystrom import Landmarks


@dataclass(frozen=True)
class TwinState:
    """Never changed in place."""

    landmarks: Landmarks  # prepared once: the twin need not waste time to be slow
    tokens: Tensor  # (B, 0 .. n, d) the last tokens, oldest first


class WindowTwin:
    """Gets the tokens that the continual encoder gets, and recomputes all of the encoder over the window."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.window = encoder.attention.config.window

    def init_state(self, batch: int = 1) -> TwinState:
        attention = self.encoder.attention
        return TwinState(attention.landmarks(), attention.query_landmarks.new_empty(batch, 0, attention.config.width))

    def step(self, token: Tensor, state: TwinState) -> tuple[Tensor, TwinState]:
        """token (B, d) -> logits (B, genres) and the state after it."""
        tokens = torch.cat([state.tokens, token.unsqueeze(1)], dim=1)[:, -self.window :]
        return self.encoder.recompute(tokens, state.landmarks), TwinState(state.landmarks, tokens)
