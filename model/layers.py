"""The layers around attention: linear and norm without calling the module, and positions, recycling and rotary.

For one token the call itself (hooks, attribute look-ups) costs several times the arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROTARY_BASE = 10_000.0

Method = TypeVar("Method", bound=Callable[..., Any])


def without_gradients(method: Method) -> Method:
    """Steps keep no graph, wherever they are called: what is written in place has no derivative. `forward` has.

    torch.no_grad as a decorator takes ten times as long where gradients are off already.
    """

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return method(*args, **kwargs)
        with torch.no_grad():
            return method(*args, **kwargs)

    return cast(Method, call)


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


def refuse_masks(mask: object, masks: Mapping[str, object]) -> None:
    """Raises ValueError where there is one, and TypeError for what is no mask at all."""
    for name, given in {"mask": mask, **masks}.items():
        if "mask" not in name and name != "is_causal":
            raise TypeError(f"there is no argument {name!r}")
        if given is not None and given is not False:
            raise ValueError(
                f"{name}: continual attention takes no masks, every token sees the last n tokens of its stream; "
                "keep what must not be seen in a stream of its own"
            )


def replace_invalid(rows: Tensor, largest: float, instead: float) -> Tensor:
    """Rows (..., w) with a number that is NaN, infinite or beyond +-largest become rows of `instead`."""
    looks = rows.is_cpu and rows.numel() and not rows.requires_grad and not torch.compiler.is_compiling()
    if looks and float(torch.linalg.vector_norm(rows)) <= largest:
        return rows  # in a step this takes a tenth of the time; no number is larger than the norm
    return torch.where(rows.abs().amax(-1, keepdim=True) <= largest, rows, instead)


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


def rotate(rows: Tensor, first: int | Tensor) -> Tensor:
    """Rotary positions (Su et al., 2021, arXiv 2104.09864, equation 34): rows (R, T, D) of queries or keys, the first
    of them number `first` of its stream -> (R, T, D).

    Pair i of row t turns by t / 10000^(2 i / D), so that a query and a key know their distance and no more. Angles are
    float64: after a billion tokens they are still right to 1e-6.
    """
    length, width = rows.shape[1:]
    pairs = torch.arange(0, width, 2, dtype=torch.float64, device=rows.device)
    numbers = torch.arange(length, dtype=torch.float64, device=rows.device) + first
    angles = numbers.unsqueeze(1) * torch.exp(pairs * (-math.log(ROTARY_BASE) / width))
    cosines, sines = angles.cos().to(rows.dtype), angles.sin().to(rows.dtype)
    even, odd = rows.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)
