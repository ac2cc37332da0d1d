"""Vector registers as values, and the two loops of attention that are written with them, for every remainder."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from model.compiled.attention import advance, multiply_rows
from model.compiled.registers import (
    LANES,
    OPTIONS,
    WIDE_LANES,
    load,
    load_high,
    load_low,
    load_spread,
    load_wide,
    multiply_add,
    spread,
    store,
)

GUARD = 3 * LANES  # numbers around the outputs that must stay as they are


def random(*shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(sum(shape)).standard_normal(shape)


def compute(a: Any, b: Any, number: Any, to: Any) -> None:
    """to[5:] = a[2:] * a[1] + number + b[3:], as far as a register goes."""
    sums = multiply_add(load(a, 2), load_spread(a, 1), spread(number))
    store(multiply_add(load(b, 3), spread(number / number), sums), to, 5)


@pytest.mark.parametrize(("kind", "lanes"), [(np.float32, LANES), (np.float64, WIDE_LANES)])
def test_operations_on_registers(kind: Any, lanes: int) -> None:
    a, b, before = (random(length).astype(kind) for length in (40, 41, 42))
    to = before.copy()
    njit(**OPTIONS)(compute)(a, b, kind(0.75), to)
    expected = before.copy()
    expected[5 : 5 + lanes] = a[2 : 2 + lanes] * a[1] + kind(0.75) + b[3 : 3 + lanes]
    assert np.abs(to - expected).max() < 1e-6
    assert (to[:5] == before[:5]).all()
    assert (to[5 + lanes :] == before[5 + lanes :]).all()


def test_loading_float32_as_float64() -> None:
    def widen(narrow: Any, wide: Any) -> None:
        store(load_wide(narrow, 1), wide, 0)

    narrow, wide = random(20).astype(np.float32), np.zeros(20)
    njit(**OPTIONS)(widen)(narrow, wide)
    assert (wide[:WIDE_LANES] == narrow[1 : 1 + WIDE_LANES]).all()
    assert not wide[WIDE_LANES:].any()


def test_loading_both_halves_of_a_place() -> None:
    def unpack(halves: Any, low: Any, high: Any) -> None:
        store(load_low(halves, 1), low, 0)
        store(load_high(halves, 1), high, 0)

    numbers = np.array([[0.0, -0.0, 1.0, -1.5, 2.0**-130, 3.0e38, -1e-20, 0.2109375], [*range(8)]], np.float32)
    bits = np.tile(numbers, 3).view(np.uint32) >> np.uint32(16)  # every one a bfloat16
    halves, low, high = (bits[0] | bits[1] << np.uint32(16)).view(np.float32), *np.ones((2, 40), np.float32)
    njit(**OPTIONS)(unpack)(halves, low, high)
    for row, unpacked in zip(bits << np.uint32(16), (low, high), strict=True):
        np.testing.assert_array_equal(unpacked[:LANES].view(np.uint32), row[1 : 1 + LANES])
        assert (unpacked[LANES:] == 1.0).all()


@pytest.mark.parametrize("m", [1, WIDE_LANES - 1, WIDE_LANES, 2 * WIDE_LANES + 3])
def test_shares_times_the_inverse(m: int) -> None:
    share, inverse, before = random(m).astype(np.float32), 100 * random(m, m).astype(np.float32), random(m + GUARD)
    parts = before.copy()
    multiply_rows(share, inverse.ravel(), m, parts)
    assert np.abs(parts[:m] - share.astype(np.float64) @ inverse).max() < 1e-12 * 100 * m
    assert (parts[m:] == before[m:]).all()


@pytest.mark.parametrize("m", [1, 7, 16])
@pytest.mark.parametrize("D", [1, WIDE_LANES - 1, WIDE_LANES, 3 * WIDE_LANES, 4 * WIDE_LANES + 5])
def test_sums_go_on_and_are_mixed(D: int, m: int) -> None:
    before, mix_before = random(m * D + GUARD), random(D + GUARD)
    rows, mix = before.copy(), mix_before.copy()
    enters, leaves, parts = random(m), random(m + 1)[:m], random(m + 2)[:m]
    entering, leaving = random(D), random(D + 1)[:D]

    advance(rows, m, D, enters, entering, leaves, leaving, parts, mix)

    expected = before[: m * D].reshape(m, D) + np.outer(enters, entering) + np.outer(leaves, leaving)
    assert np.abs(rows[: m * D] - expected.ravel()).max() < 1e-13
    assert np.abs(mix[:D] - parts @ expected).max() < 1e-12
    assert (rows[m * D :] == before[m * D :]).all()
    assert (mix[D:] == mix_before[D:]).all()
