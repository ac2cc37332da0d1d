"""Exact continual attention, single output, one token: equation 1 of docs/attention.md over rings of keys and values.

The fair rival of Nystrom attention: as carefully written, and O(n d).
"""

from __future__ import annotations

from model.compiled.arithmetic import softmax
from model.compiled.compiling import F, Floats, compiled
from model.compiled.layout import FloatsAt, Sizes
from model.compiled.products import accumulate
from model.compiled.vectors import full_width


@compiled
def attend_exactly(projected: Floats, floats: Floats, mixed: Floats, position: int, sizes: Sizes, at: FloatsAt) -> None:
    """projected: query (d,), scaled by 1 / sqrt(D), key (d,), value (d,) -> mixed (d,), the heads side by side."""
    full_width()
    d, D, n = sizes.width, sizes.head_width, sizes.window
    slot, heard = position % n, min(position + 1, n)
    weights = floats[at.scores : at.scores + n]
    for i in range(d):
        floats[at.keys + i * n + slot] = projected[d + i]
        mixed[i] = F(0.0)
    for h in range(sizes.heads):
        begin = at.values + h * n * D
        for c in range(D):
            floats[begin + slot * D + c] = projected[2 * d + h * D + c]
        for i in range(n):
            weights[i] = F(0.0)
        keys = floats[at.keys + h * n * D : at.keys + (h + 1) * n * D]
        accumulate(keys, projected[h * D : (h + 1) * D], weights, D, n)
        softmax(weights[:heard])
        accumulate(floats[begin : begin + n * D], weights, mixed[h * D : (h + 1) * D], heard, D)
