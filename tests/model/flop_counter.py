"""A counter that sees every operation torch dispatches, and fails on one that it knows nothing of.

torch's own FlopCounterMode counts 0 for fused attention, matrix-vector products and in-place updates on CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

Shape = torch.Size


def _product(args: tuple[Any, ...], out: torch.Tensor) -> int:
    """Every output number is a sum over the shared dimension of the last two tensors."""
    return 2 * out.numel() * int(args[-2].shape[-1])


def _convolution(args: tuple[Any, ...], out: torch.Tensor) -> int:
    weight = args[1]
    return 2 * out.numel() * int(weight[0].numel())


def _attention(args: tuple[Any, ...], out: tuple[torch.Tensor, ...]) -> int:
    query, key, value = args[:3]
    pairs = query.shape[:-1].numel() * key.shape[-2]
    return int(2 * pairs * (query.shape[-1] + value.shape[-1]))


def _fused_update(args: tuple[Any, ...], out: torch.Tensor) -> int:
    return 2 * out.numel()


COUNTED: dict[str, Callable[[tuple[Any, ...], Any], int]] = {
    "mm": _product,
    "addmm": _product,
    "bmm": _product,
    "convolution": _convolution,
    "addcmul_": _fused_update,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
}
# Moves, shapes, and the elementwise work that the cost model says it leaves out.
NOT_COUNTED = {
    "_local_scalar_dense",
    "_reshape_alias",
    "_softmax",
    "_to_copy",
    "_unsafe_view",
    "add",
    "add_",
    "alias",
    "amax",
    "any",
    "as_strided",
    "bitwise_or",
    "cat",
    "clamp",
    "clone",
    "constant_pad_nd",
    "copy_",
    "detach",
    "div",
    "empty",
    "exp",
    "expand",
    "fill_",
    "gelu",
    "gt",
    "index",
    "is_nonzero",
    "lift_fresh",
    "lt",
    "max",
    "max_pool2d_with_indices",
    "maximum",
    "mean",
    "mul",
    "native_layer_norm",
    "ones_like",
    "permute",
    "relu",
    "select",
    "slice",
    "split",
    "squeeze",
    "sub",
    "sum",
    "t",
    "transpose",
    "unbind",
    "unfold",
    "unsqueeze",
    "view",
    "zeros_like",
}


class FlopCounter(TorchDispatchMode):
    """FLOPs of all that runs inside, in `total`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in COUNTED:
            self.total += COUNTED[name](args, out)
        elif name not in NOT_COUNTED:
            raise AssertionError(f"the counter has no formula for {name}")
        return out
