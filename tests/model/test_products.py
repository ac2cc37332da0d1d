"""The compiled products: right for every shape, and nothing is touched that is not theirs."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from model.compiled.products import (
    HALF_INPUTS,
    HALF_OUTPUTS,
    ROWS,
    accumulate,
    accumulate_rows,
    as_halves,
    can_be_halves,
)
from model.compiled.registers import LANES, OPTIONS, full_width, keeps_its_clock

GUARD = 64  # numbers around the outputs that must stay as they are


def random(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("width", [1, 7, 8, 64, 65, 130])
@pytest.mark.parametrize("count", [1, LANES - 1, LANES, LANES + 3, 2 * LANES, 3 * LANES, 5 * LANES + 7])
@pytest.mark.parametrize("rows", [1, ROWS, 2 * ROWS + 3])
def test_rows_times_weights(rows: int, count: int, width: int) -> None:
    stride = width // 2 + 1  # rows overlap, as the bands that a convolution sees do
    weights, inputs = random(width, count), random((rows - 1) * stride + width)
    before = random(rows * count + 2 * GUARD)
    outputs = before.copy()

    accumulate_rows(0, weights.ravel(), inputs, stride, outputs[GUARD:-GUARD], rows, width, count)

    seen = np.stack([inputs[r * stride : r * stride + width] for r in range(rows)]).astype(np.float64)
    expected = before.astype(np.float64)
    expected[GUARD:-GUARD] += (seen @ weights).ravel()
    assert np.abs(outputs - expected).max() < 1e-6 * width + 1e-5
    assert (outputs[:GUARD] == before[:GUARD]).all()
    assert (outputs[-GUARD:] == before[-GUARD:]).all()


@pytest.mark.parametrize("width", [1, 8, 13])
@pytest.mark.parametrize("count", [1, 16, 37])
def test_one_row_times_weights(count: int, width: int) -> None:
    weights, inputs, before = random(width, count), random(width), random(count)
    outputs = before.copy()
    accumulate(weights.ravel(), inputs, outputs, width, count)
    assert np.abs(outputs - (before + inputs.astype(np.float64) @ weights)).max() < 1e-5


def of_few_digits(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without the lower half of every number's bits."""
    return (matrix.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


@pytest.mark.parametrize("width", [HALF_INPUTS, 64, 64 + HALF_INPUTS, 192])
@pytest.mark.parametrize("count", [HALF_OUTPUTS, 6 * HALF_OUTPUTS])
@pytest.mark.parametrize("rows", [1, ROWS, 2 * ROWS + 3])
def test_rows_times_halves(rows: int, count: int, width: int) -> None:
    stride = width // 2 + 1
    matrix, inputs = of_few_digits(random(width, count)), random((rows - 1) * stride + width)
    assert can_be_halves(matrix)
    halves = as_halves(matrix)
    assert halves.nbytes == matrix.nbytes // 2
    before = random(rows * count + 2 * GUARD)
    outputs, as_float32 = before.copy(), before.copy()

    accumulate_rows(1, halves, inputs, stride, outputs[GUARD:-GUARD], rows, width, count)
    accumulate_rows(0, matrix.ravel(), inputs, stride, as_float32[GUARD:-GUARD], rows, width, count)

    seen = np.stack([inputs[r * stride : r * stride + width] for r in range(rows)]).astype(np.float64)
    expected = before.astype(np.float64)
    expected[GUARD:-GUARD] += (seen @ matrix).ravel()
    for computed in (outputs, as_float32):
        assert np.abs(computed - expected).max() < 1e-6 * width + 1e-5
        assert (computed[:GUARD] == before[:GUARD]).all()
        assert (computed[-GUARD:] == before[-GUARD:]).all()


def test_one_digit_too_many_or_a_size_that_does_not_fit_keeps_a_matrix_whole() -> None:
    fits = of_few_digits(random(HALF_INPUTS, HALF_OUTPUTS))
    assert can_be_halves(fits)
    assert can_be_halves(np.zeros_like(fits))
    longer = fits.copy()
    longer[-1, -1] = 1.0 + 2.0**-8
    assert not can_be_halves(longer)
    assert not can_be_halves(of_few_digits(random(HALF_INPUTS, HALF_OUTPUTS + 1)))
    assert not can_be_halves(of_few_digits(random(HALF_INPUTS + 1, HALF_OUTPUTS)))


@pytest.mark.skipif(not keeps_its_clock(), reason="this processor has no 512-bit vectors that keep its clock")
def test_full_width_is_obeyed() -> None:
    def add(inputs: NDArray[np.float32], outputs: NDArray[np.float32]) -> None:
        full_width()
        for i in range(len(outputs)):
            outputs[i] += inputs[i]

    kept = njit(**OPTIONS)(add)
    kept(random(8), random(8))
    (code,) = kept.inspect_asm().values()
    assert "zmm" in code  # the name of a 512-bit register
