"""The recycling positional encoding (Hedegaard et al., ICLR 2023, section 3.4).

Token t gets the learned vector number t mod period. A token keeps its vector while it is in the window, so that its
query, key and value need not be computed again; with a period of at least n no two tokens of a window share one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RecyclingPositions(nn.Module):
    """Adds positions to tokens."""

    def __init__(self, period: int, width: int) -> None:
        super().__init__()
        self.encoding = nn.Parameter(0.02 * torch.randn(period, width))

    def forward(self, tokens: Tensor, first: int) -> Tensor:
        """tokens (B, T, d), the first of them number `first` of its stream -> (B, T, d)."""
        numbers = torch.arange(first, first + tokens.shape[1], device=tokens.device)
        return tokens + self.encoding[numbers % len(self.encoding)]
