"""A tile of a product that stays in registers: four rows times the same weights.

Four rows of two vectors are eight independent chains of multiply-adds, as many as two units with a latency of four
cycles can work on. A loop over memory loads and stores every output again for every few inputs.

Of all functions: outputs (ROWS, .) += inputs (ROWS, width) times weights (width, .). weights and outputs begin at the
tile's first number; `count` numbers further on is the same column of the next row, as `stride` numbers are for inputs.
"""

from __future__ import annotations

from typing import Any

from model.compiled.compiling import Floats, compiled
from model.compiled.lanes import LANES, load, load_high, load_low, load_spread, multiply_add, store
from model.compiled.vectors import full_width

ROWS = 4


def tile_with(load_columns: Any) -> Any:
    """2 LANES columns; load_columns(weights, k, count) are the weights of input k, in two registers."""

    @compiled
    def multiply(weights: Floats, count: int, inputs: Floats, stride: int, width: int, outputs: Floats) -> None:
        full_width()
        second, third, fourth = count, 2 * count, 3 * count
        a0, a1 = load(outputs, 0), load(outputs, LANES)
        b0, b1 = load(outputs, second), load(outputs, second + LANES)
        c0, c1 = load(outputs, third), load(outputs, third + LANES)
        d0, d1 = load(outputs, fourth), load(outputs, fourth + LANES)
        for k in range(width):
            left, right = load_columns(weights, k, count)
            x = load_spread(inputs, k)
            a0, a1 = multiply_add(x, left, a0), multiply_add(x, right, a1)
            x = load_spread(inputs, k + stride)
            b0, b1 = multiply_add(x, left, b0), multiply_add(x, right, b1)
            x = load_spread(inputs, k + 2 * stride)
            c0, c1 = multiply_add(x, left, c0), multiply_add(x, right, c1)
            x = load_spread(inputs, k + 3 * stride)
            d0, d1 = multiply_add(x, left, d0), multiply_add(x, right, d1)
        store(a0, outputs, 0)
        store(a1, outputs, LANES)
        store(b0, outputs, second)
        store(b1, outputs, second + LANES)
        store(c0, outputs, third)
        store(c1, outputs, third + LANES)
        store(d0, outputs, fourth)
        store(d1, outputs, fourth + LANES)

    return multiply


@compiled
def load_whole(weights: Floats, k: int, count: int) -> Any:
    """float32 as it is."""
    return load(weights, k * count), load(weights, k * count + LANES)


@compiled
def load_halves(weights: Floats, k: int, count: int) -> Any:
    """bfloat16, see halves.py."""
    return load_low(weights, k * (count // 2)), load_high(weights, k * (count // 2))


multiply_tile, multiply_half_tile = tile_with(load_whole), tile_with(load_halves)


@compiled
def multiply_narrow_tile(weights: Floats, count: int, inputs: Floats, stride: int, width: int, outputs: Floats) -> None:
    """LANES columns."""
    full_width()
    a, b, c, d = load(outputs, 0), load(outputs, count), load(outputs, 2 * count), load(outputs, 3 * count)
    for k in range(width):
        column = load(weights, k * count)
        a = multiply_add(load_spread(inputs, k), column, a)
        b = multiply_add(load_spread(inputs, k + stride), column, b)
        c = multiply_add(load_spread(inputs, k + 2 * stride), column, c)
        d = multiply_add(load_spread(inputs, k + 3 * stride), column, d)
    store(a, outputs, 0)
    store(b, outputs, count)
    store(c, outputs, 2 * count)
    store(d, outputs, 3 * count)
