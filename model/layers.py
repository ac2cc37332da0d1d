"""The layers around attention: linear and norm without calling the module, and recycling positions.

For one token the call itself (hooks, attribute look-ups) costs several times the arithmetic.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def lay_out_for_single_tokens(module: nn.Module) -> None:
    """Store the weights of all linear layers column by column: a product with one token then takes half the time.

    Values and shapes stay as they are.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.data = layer.weight.data.t().contiguous().t()


def linear(layer: nn.Linear, inputs: Tensor) -> Tensor:
    """inputs (..., in) -> (..., out)."""
    return F.linear(inputs, layer.weight, layer.bias)


def norm(layer: nn.LayerNorm, inputs: Tensor) -> Tensor:
    """inputs (..., d) -> (..., d)."""
    return torch.layer_norm(inputs, layer.normalized_shape, layer.weight, layer.bias, layer.eps)


class RecyclingPositions(nn.Module):
    """The recycling positional encoding (Hedegaard et al., ICLR 2023, section 3.4), added to tokens.

    Token t gets the learned vector number t mod period. A token keeps its vector while it is in the window, so that its
    query, key and value need not be computed again; with a period of at least n no two tokens of a window share one.
    """

    def __init__(self, period: int, width: int) -> None:
        super().__init__()
        self.encoding = nn.Parameter(0.02 * torch.randn(period, width))

    def forward(self, tokens: Tensor, first: int) -> Tensor:
        """tokens (B, T, d), the first of them number `first` of its stream -> (B, T, d)."""
        numbers = torch.arange(first, first + tokens.shape[1], device=tokens.device)
        return tokens + self.encoding[numbers % len(self.encoding)]
