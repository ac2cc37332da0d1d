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

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = NDArray[np.float32]

OPTIONS: dict[str, Any] = {"fastmath": True, "error_model": "numpy"}  # a check of every division stops vectorising

as_tuple: Any = to_fixed_tuple  # (array, length) -> its first numbers as a tuple, inside a compiled function

F = np.float32
LOG2_E = F(1.4426950408889634)
LN_2_HIGH, LN_2_LOW = F(0.693359375), F(-2.12194440e-4)  # so that n ln 2 is subtracted without rounding
GELU, GELU_TANH, RELU = 0, 1, 2


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

    Four rows and four inputs at a time: what is loaded of the weights serves four rows.
    """
    whole, together = width // 4 * 4, rows // 4 * 4
    for r in range(0, together, 4):
        i0, i1 = inputs[r * stride : r * stride + width], inputs[(r + 1) * stride : (r + 1) * stride + width]
        i2, i3 = (
            inputs[(r + 2) * stride : (r + 2) * stride + width],
            inputs[(r + 3) * stride : (r + 3) * stride + width],
        )
        out = outputs[r * count : (r + 4) * count]
        for k in range(0, whole, 4):
            part = weights[k * count : (k + 4) * count]
            a0, a1, a2, a3 = i0[k], i0[k + 1], i0[k + 2], i0[k + 3]
            b0, b1, b2, b3 = i1[k], i1[k + 1], i1[k + 2], i1[k + 3]
            c0, c1, c2, c3 = i2[k], i2[k + 1], i2[k + 2], i2[k + 3]
            d0, d1, d2, d3 = i3[k], i3[k + 1], i3[k + 2], i3[k + 3]
            for o in range(count):
                w0, w1, w2, w3 = part[o], part[count + o], part[2 * count + o], part[3 * count + o]
                out[o] += w0 * a0 + w1 * a1 + w2 * a2 + w3 * a3
                out[count + o] += w0 * b0 + w1 * b1 + w2 * b2 + w3 * b3
                out[2 * count + o] += w0 * c0 + w1 * c1 + w2 * c2 + w3 * c3
                out[3 * count + o] += w0 * d0 + w1 * d1 + w2 * d2 + w3 * d3
        for k in range(whole, width):
            part = weights[k * count : (k + 1) * count]
            a0, b0, c0, d0 = i0[k], i1[k], i2[k], i3[k]
            for o in range(count):
                out[o] += part[o] * a0
                out[count + o] += part[o] * b0
                out[2 * count + o] += part[o] * c0
                out[3 * count + o] += part[o] * d0
    for r in range(together, rows):
        accumulate(weights, inputs[r * stride : r * stride + width], outputs[r * count : (r + 1) * count], width, count)


@compiled
def norm(inputs: Floats, gain: Floats, offset: Floats, epsilon: float, outputs: Floats) -> None:
    """Layer norm of (d,)."""
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
