"""The arithmetic of a token, as loops that vectorise: products, exponentials, norms, activations.

Vectors are flat float32 arrays; matrices too, input by input: weights[k * count + o] leads from input k to output o.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numba.np.unsafe.ndarray import to_fixed_tuple
from numpy.typing import NDArray

from model.compiled.tile import LANES, ROWS, tile_product
from model.compiled.vectors import full_width

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = NDArray[np.float32]

OPTIONS: dict[str, Any] = {"fastmath": True, "error_model": "numpy"}  # a check of every division stops vectorising

as_tuple: Any = to_fixed_tuple  # (array, length) -> its first numbers as a tuple, inside a compiled function

F = np.float32
LOG2_E = F(1.4426950408889634)
LN_2_HIGH, LN_2_LOW = F(0.693359375), F(-2.12194440e-4)  # so that n ln 2 is subtracted without rounding
GELU, GELU_TANH, RELU = 0, 1, 2

INPUTS = 64  # at a time: the weights of so many, for a tile's columns, stay in the first cache
multiply_one_vector, multiply_two_vectors = tile_product(1), tile_product(2)


def compiled(function: Function) -> Function:
    """A function of its own."""
    return cast(Function, njit(**OPTIONS)(function))


def inlined(function: Function) -> Function:
    """Compiled into every function that calls it, so that loops over it vectorise."""
    return cast(Function, njit(inline="always", **OPTIONS)(function))


@inlined
def exponential(x: Any) -> Any:
    """exp(x) to 3e-7, for x clipped to -87 .. 88. The polynomial is that of Cephes; math.exp does not vectorise."""
    x = min(max(x, F(-87.0)), F(88.0))
    n = np.floor(x * LOG2_E + F(0.5))
    r = x - n * LN_2_HIGH - n * LN_2_LOW
    p = F(1.9875691500e-4)
    p = p * r + F(1.3981999507e-3)
    p = p * r + F(8.3334519073e-3)
    p = p * r + F(4.1665795894e-2)
    p = p * r + F(1.6666665459e-1)
    p = p * r + F(5.0000001201e-1)
    p = p * r * r + r + F(1.0)
    return p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(F)  # times 2^n, made of its bits


@inlined
def error_function(x: Any) -> Any:
    """erf(x) to 4e-7: Abramowitz and Stegun, 7.1.28."""
    a = abs(x)
    p = F(0.0000430638)
    p = p * a + F(0.0002765672)
    p = p * a + F(0.0001520143)
    p = p * a + F(0.0092705272)
    p = p * a + F(0.0422820123)
    p = p * a + F(0.0705230784)
    p = p * a + F(1.0)
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    outside = F(1.0) / p
    return (F(1.0) - outside) if x >= F(0.0) else (outside - F(1.0))


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
def accumulate_rows(
    weights: Floats, inputs: Floats, stride: int, outputs: Floats, rows: int, width: int, count: int
) -> None:
    """The same for several inputs: outputs (rows, count) += inputs[r * stride : r * stride + width] times weights.

    Tile by tile; all rows have their turn with the weights of some inputs before those of the next are loaded.
    """
    full_width()
    tiled, column = rows // ROWS * ROWS, 0
    while column + LANES <= count:
        two = column + 2 * LANES <= count
        for k in range(0, width, INPUTS):
            part, many = weights[k * count + column :], min(INPUTS, width - k)
            for r in range(0, tiled, ROWS):
                if two:
                    multiply_two_vectors(
                        part, count, inputs[r * stride + k :], stride, many, outputs[r * count + column :]
                    )
                else:
                    multiply_one_vector(
                        part, count, inputs[r * stride + k :], stride, many, outputs[r * count + column :]
                    )
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
def norm(inputs: Floats, gain: Floats, offset: Floats, epsilon: float, outputs: Floats) -> None:
    """Layer norm of (d,)."""
    full_width()
    width = len(outputs)
    mean = F(0.0)
    for i in range(width):
        mean += inputs[i]
    mean /= F(width)
    variance = F(0.0)
    for i in range(width):
        difference = inputs[i] - mean
        variance += difference * difference
    scale = F(1.0) / np.sqrt(variance / F(width) + F(epsilon))
    for i in range(width):
        outputs[i] = (inputs[i] - mean) * scale * gain[i] + offset[i]


@compiled
def activate(values: Floats, kind: int) -> None:
    """GELU, its tanh form, or ReLU, in place."""
    full_width()
    if kind == RELU:
        for i in range(len(values)):
            values[i] = max(values[i], F(0.0))
    elif kind == GELU_TANH:
        for i in range(len(values)):
            x = values[i]
            doubled = x * (F(1.5957691216057308) + F(0.07135481627159589) * x * x)
            values[i] = x / (F(1.0) + exponential(-doubled))  # (1 + tanh(u)) / 2 is the logistic function of 2 u
    else:
        for i in range(len(values)):
            x = values[i]
            values[i] = F(0.5) * x * (F(1.0) + error_function(x * F(0.7071067811865476)))


@compiled
def softmax(values: Floats) -> None:
    """In place."""
    full_width()
    largest = values[0]
    for i in range(1, len(values)):
        largest = max(largest, values[i])
    total = F(0.0)
    for i in range(len(values)):
        term = exponential(values[i] - largest)
        values[i] = term
        total += term
    scale = F(1.0) / total
    for i in range(len(values)):
        values[i] *= scale
