"""Functions of a token, as loops that vectorise."""

from __future__ import annotations

from typing import Any

import numpy as np

from model.compiled.registers import F, Floats, compiled, full_width, inlined

LOG2_E = F(1.4426950408889634)
LN_2_HIGH, LN_2_LOW = F(0.693359375), F(-2.12194440e-4)  # so that n ln 2 is subtracted without rounding
GELU, GELU_TANH, RELU = 0, 1, 2


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


@inlined
def copy(inputs: Floats, outputs: Floats) -> None:
    """As many as there is room for."""
    for i in range(len(outputs)):
        outputs[i] = inputs[i]


@compiled
def copy_to_rows(inputs: Floats, width: int, rows: Floats) -> None:
    """The first `width` inputs to every one of the rows (., width)."""
    full_width()
    for r in range(0, len(rows), width):
        for i in range(width):
            rows[r + i] = inputs[i]


@compiled
def add_to_rows(inputs: Floats, width: int, rows: Floats) -> None:
    """The same, added to what is there."""
    full_width()
    for r in range(0, len(rows), width):
        for i in range(width):
            rows[r + i] += inputs[i]


@compiled
def replace_invalid(values: Floats, largest: float, instead: float) -> None:
    """All of them by `instead` where one is NaN, infinite or beyond +-largest. It looks at their bits, for to fast
    arithmetic there is no NaN.
    """
    full_width()
    most = np.int32(0)
    for i in range(len(values)):
        most = max(most, F(values[i]).view(np.int32) & np.int32(0x7FFFFFFF))
    if most > F(largest).view(np.int32):
        for i in range(len(values)):
            values[i] = F(instead)


@compiled
def norm_row(inputs: Floats, gain: Floats, offset: Floats, epsilon: float, outputs: Floats) -> None:
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
def norm(inputs: Floats, gain: Floats, offset: Floats, width: int, epsilon: float, outputs: Floats) -> None:
    """Layer norm of every one of the rows (., width)."""
    full_width()
    for r in range(0, len(outputs), width):
        norm_row(inputs[r : r + width], gain, offset, epsilon, outputs[r : r + width])


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
