"""Products of one vector, or of several, with a matrix.

Vectors are flat float32 arrays; matrices too, input by input: weights[k * count + o] leads from input k to output o.
Those of the functions with "half" in their names hold two bfloat16 numbers in each place, as halves.py lays them out:
what they are multiplied with and added to is float32 as everywhere.
"""

from __future__ import annotations

from model.compiled.compiling import Floats, compiled
from model.compiled.lanes import LANES, load, load_high, load_low, load_spread, multiply_add, store
from model.compiled.tile import ROWS, multiply_half_tile, multiply_narrow_tile, multiply_tile
from model.compiled.vectors import full_width

HALF_INPUTS, HALF_OUTPUTS = 4, 2 * LANES  # a matrix of halves has multiples of these
INPUTS = 64  # at a time: the weights of so many, for a tile's columns, stay in the first cache


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
    """The same for a matrix of halves, four inputs at a time."""
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


@compiled
def accumulate_rows(
    weights: Floats, inputs: Floats, stride: int, outputs: Floats, rows: int, width: int, count: int
) -> None:
    """The same for several inputs: outputs (rows, count) += inputs[r * stride : r * stride + width] times weights.

    Tile by tile; all rows have their turn with the weights of some inputs before those of the next are loaded.
    """
    full_width()
    tiled, column = rows // ROWS * ROWS, 0
    while tiled and column + LANES <= count:
        two = column + 2 * LANES <= count
        for k in range(0, width, INPUTS):
            part, many = weights[k * count + column :], min(INPUTS, width - k)
            for r in range(0, tiled, ROWS):
                seen, to = inputs[r * stride + k :], outputs[r * count + column :]
                if two:
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
        accumulate(weights, inputs[r * stride : r * stride + width], outputs[r * count : (r + 1) * count], width, count)


@compiled
def accumulate_half_rows(
    weights: Floats, inputs: Floats, stride: int, outputs: Floats, rows: int, width: int, count: int
) -> None:
    """The same for a matrix of halves."""
    full_width()
    tiled = rows // ROWS * ROWS
    if tiled:
        for column in range(0, count, HALF_OUTPUTS):
            for k in range(0, width, INPUTS):
                part, many = weights[(k * count + column) // 2 :], min(INPUTS, width - k)
                for r in range(0, tiled, ROWS):
                    seen, to = inputs[r * stride + k :], outputs[r * count + column :]
                    multiply_half_tile(part, count, seen, stride, many, to)
    for r in range(tiled, rows):
        accumulate_halves(weights, inputs[r * stride :], outputs[r * count :], width, count)


@compiled
def accumulate_either(
    halves: int, weights: Floats, inputs: Floats, stride: int, outputs: Floats, rows: int, width: int, count: int
) -> None:
    """`accumulate_half_rows` where halves is not 0, else `accumulate_rows`."""
    full_width()
    if halves:
        accumulate_half_rows(weights, inputs, stride, outputs, rows, width, count)
    else:
        accumulate_rows(weights, inputs, stride, outputs, rows, width, count)
