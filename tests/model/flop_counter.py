"""A counter that sees every operation torch dispatches, and fails on one that it knows nothing of.

torch's own FlopCounterMode counts 0 for fused attention, matrix-vector products and in-place updates on CPU.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


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


def _solve(args: tuple[Any, ...], out: tuple[torch.Tensor, ...]) -> int:
    """Elimination, and two triangular systems for every right side, of which there are as many as equations."""
    size = args[0].shape[-1]
    assert args[1].shape[-1] == size
    return int(args[0].shape[:-2].numel() * (8 * size**3 // 3))


def _pseudo_inverse(args: tuple[Any, ...], out: torch.Tensor) -> int:
    """Singular values with both bases (Golub and Van Loan, Matrix Computations, section 8.6), and a product of them."""
    size = args[0].shape[-1]
    assert args[0].shape[-2] == size
    return int(args[0].shape[:-2].numel() * (21 + 2) * size**3)


def _additions(args: tuple[Any, ...], out: torch.Tensor) -> int:
    """One for every number that is added to another."""
    return int(args[3].numel())


def _squares(args: tuple[Any, ...], out: torch.Tensor) -> int:
    """Numbers are squared to be added up."""
    return 2 * out.numel()


COUNTED: dict[str, Callable[[tuple[Any, ...], Any], int]] = {
    "mm": _product,
    "addmm": _product,
    "bmm": _product,
    "baddbmm_": _product,
    "convolution": _convolution,
    "index_add": _additions,
    "pow": _squares,
    "_linalg_solve_ex": _solve,
    "linalg_pinv": _pseudo_inverse,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
}
# Moves, shapes, and the elementwise work that the cost model says it leaves out. `nonzero` is not among them: it is
# what a sum that must be recomputed out of turn begins with.
NOT_COUNTED = {
    "_linalg_check_errors",
    "_local_scalar_dense",
    "_softmax",
    "_to_copy",
    "_unsafe_view",
    "abs",
    "add",
    "add_",
    "alias",
    "all",
    "amax",
    "amin",
    "arange",
    "bitwise_and",
    "bitwise_not",
    "bucketize",
    "cat",
    "clamp",
    "clone",
    "constant_pad_nd",
    "copy_",
    "cos",
    "cummax",
    "detach",
    "div",
    "exp",
    "exp_",
    "expand",
    "eye",
    "flip",
    "ge",
    "gelu",
    "gt",
    "index",
    "index_select",
    "le",
    "lift_fresh",
    "linalg_vector_norm",  # of what is heard, to see whether it is numbers
    "lt",
    "masked_fill",
    "masked_fill_",
    "maximum",
    "mean",
    "mul",
    "mul_",
    "native_layer_norm",
    "neg",
    "neg_",
    "new_zeros",
    "ones",
    "ones_like",
    "permute",
    "relu",
    "remainder",
    "repeat_interleave",
    "roll",
    "scalar_tensor",
    "select",
    "sin",
    "slice",
    "split_with_sizes",
    "squeeze",
    "stack",
    "sub",
    "sub_",
    "sum",
    "t",
    "transpose",
    "triu",
    "unbind",
    "unsqueeze",
    "view",
    "where",
    "zero_",
    "zeros_like",
}


class FlopCounter(TorchDispatchMode):
    """FLOPs of all that runs inside: by operation, and their `total`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.by_operation: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return self.by_operation.total()

    @property
    def attention(self) -> int:
        """All but the convolutions and the linear layers: those have a bias, and nothing else adds one."""
        return self.total - self.by_operation["addmm"] - self.by_operation["convolution"]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in COUNTED:
            self.by_operation[name] += COUNTED[name](args, out)
        elif name not in NOT_COUNTED:
            raise AssertionError(f"the counter has no formula for {name}")
        return out
