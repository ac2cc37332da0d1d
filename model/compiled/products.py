"""Products of one vector, or of several, with a matrix.

Vectors are flat float32 arrays; matrices too, input by input: weights[k * count + o] leads from input k to output o.

*Halves.* Training rounds most weights to bfloat16 (model/weights.py), which is the upper half of a float32 number: a
matrix of them keeps two in each place of a float32 array, and they become float32 again by one shift or one mask. A
frame reads half as many bytes; what they are multiplied with and added to is float32 as everywhere.

*Tiles.* Four rows of two vectors are eight independent chains of multiply-adds, as many as two units with a latency of
four cycles can work on; they stay in registers over all inputs. A loop over memory loads and stores every output again
for every few inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.compiled.registers import (
    LANES,
    Floats,
    compiled,
    full_width,
    load,
    load_high,
    load_low,
    load_spread,
    multiply_add,
    store,
)

HALF_INPUTS, HALF_OUTPUTS = 4, 2 * LANES  # a matrix of halves has multiples of these
LOWER_HALF = np.uint32(0xFFFF)
INPUTS = 64  # at a time: the weights of so many, for a tile's columns, stay in the first cache
ROWS = 4  # of a tile


@compiled
def accumulate(weights: Floats, inputs: Floats, outputs: Floats, width: int, count: int) -> None:
    """outputs (count,) += inputs (width,) times weights (width, count).

    Eight inputs at a time: an output is loaded and stored once for eight multiply-adds, and nothing is summed across
    a vector register.
    """
    full_width()
    whole = width // 8 * 8
    for k in range(0, whole, 8):
        rows = weights[k * count : (k + 8) * count]
        x0, x1, x2, x3 = inputs[k], inputs[k + 1], inputs[k + 2], inputs[k + 3]
        x4, x5, x6, x7 = inputs[k + 4], inputs[k + 5], inputs[k + 6], inputs[k + 7]
        for o in range(count):
            low = rows[o] * x0 + rows[count + o] * x1 + rows[2 * count + o] * x2 + rows[3 * count + o] * x3
            high = rows[4 * count + o] * x4 + rows[5 * count + o] * x5 + rows[6 * count + o] * x6
            outputs[o] += low + (high + rows[7 * count + o] * x7)
    for k in range(whole, width):
        row, x = weights[k * count : (k + 1) * count], inputs[k]
        for o in range(count):
            outputs[o] += row[o] * x


@compiled
def accumulate_halves(weights: Floats, inputs: Floats, outputs: Floats, width: int, count: int) -> None:
    """`accumulate` for a matrix of halves, four inputs at a time."""
    full_width()
    for k in range(0, width, HALF_INPUTS):
        x0, x1 = load_spread(inputs, k), load_spread(inputs, k + 1)
        x2, x3 = load_spread(inputs, k + 2), load_spread(inputs, k + 3)
        for o in range(0, count, HALF_OUTPUTS):
            at = (k * count + o) // 2
            left, right = load(outputs, o), load(outputs, o + LANES)
            left, right = multiply_add(load_low(weights, at), x0, left), multiply_add(load_high(weights, at), x0, right)
            at += count // 2
            left, right = multiply_add(load_low(weights, at), x1, left), multiply_add(load_high(weights, at), x1, right)
            at += count // 2
            left, right = multiply_add(load_low(weights, at), x2, left), multiply_add(load_high(weights, at), x2, right)
            at += count // 2
            left, right = multiply_add(load_low(weights, at), x3, left), multiply_add(load_high(weights, at), x3, right)
            store(left, outputs, o)
            store(right, outputs, o + LANES)


def tile_with(load_columns: Any) -> Any:
    """Of a tile of 2 LANES columns: outputs (ROWS, .) += inputs (ROWS, width) times weights (width, .).

    weights and outputs begin at the tile's first number; `count` numbers further on is the same column of the next row,
    as `stride` numbers are for inputs. load_columns(weights, k, count) are the weights of input k, in two registers.
    """

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
    """bfloat16."""
    return load_low(weights, k * (count // 2)), load_high(weights, k * (count // 2))


multiply_tile, multiply_half_tile = tile_with(load_whole), tile_with(load_halves)


@compiled
def multiply_narrow_tile(weights: Floats, count: int, inputs: Floats, stride: int, width: int, outputs: Floats) -> None:
    """The same of a tile of LANES columns."""
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


@compiled
def accumulate_rows(
    halves: int, weights: Floats, inputs: Floats, stride: int, outputs: Floats, rows: int, width: int, count: int
) -> None:
    """`accumulate` for several inputs: outputs (rows, count) += inputs[r * stride : r * stride + width] times weights.

    halves: 1 for a matrix of halves, else 0. Tile by tile; all rows have their turn with the weights of some inputs
    before those of the next are loaded.
    """
    full_width()
    tiled, column = rows // ROWS * ROWS, 0
    while tiled and column + LANES <= count:
        two = column + 2 * LANES <= count
        for k in range(0, width, INPUTS):
            begin, many = k * count + column, min(INPUTS, width - k)
            part = weights[begin // 2 if halves else begin :]
            for r in range(0, tiled, ROWS):
                seen, to = inputs[r * stride + k :], outputs[r * count + column :]
                if halves:
                    multiply_half_tile(part, count, seen, stride, many, to)
                elif two:
                    multiply_tile(part, count, seen, stride, many, to)
                else:
                    multiply_narrow_tile(part, count, seen, stride, many, to)
        column += 2 * LANES if two else LANES
    left = count - column  # columns that fill no vector
    if left > 0:
        for r in range(tiled):
            to = outputs[r * count + column : (r + 1) * count]
            for k in range(width):
                row, x = weights[k * count + column : (k + 1) * count], inputs[r * stride + k]
                for o in range(left):
                    to[o] += row[o] * x
    for r in range(tiled, rows):
        seen, to = inputs[r * stride : r * stride + width], outputs[r * count : (r + 1) * count]
        if halves:
            accumulate_halves(weights, seen, to, width, count)
        else:
            accumulate(weights, seen, to, width, count)


def can_be_halves(matrix: NDArray[Any]) -> bool:
    """Whether (inputs, outputs) has sizes that the products of halves serve, and no weight more digits than these."""
    inputs, outputs = matrix.shape
    return not (inputs % HALF_INPUTS or outputs % HALF_OUTPUTS or (_bits(matrix) & LOWER_HALF).any())


def as_halves(matrix: NDArray[Any]) -> NDArray[np.float32]:
    """(inputs, outputs) -> (inputs outputs / 2,), float32 by name.

    Of every 2 LANES neighbours the first LANES lie in the lower halves, and the others in the upper ones.
    """
    low, high = _bits(matrix).reshape(-1, 2, LANES).swapaxes(0, 1)
    return (low >> np.uint32(16) | high).reshape(-1).view(np.float32)


def _bits(matrix: NDArray[Any]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(matrix, np.float32).view(np.uint32)
