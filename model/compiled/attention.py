"""Continual attention for one token: exact, and Nystrom attention with landmarks that stand still.

*Exact*: equation 1 of docs/attention.md over rings of keys and values, O(n d): as carefully written as its rival.

*Fixed landmarks*: equation 3 in one pass, O(m d). Keys and queries are never formed: as the landmarks stand still, the
products s Q~ W_k and s K~ W_q are prepared. The sums are float64 of float32 terms, what leaves is the very term that
entered, and a sum is made anew from the rings as soon as a dominant token has left it or a score exceeds its reference
by too much (model/attention/sliding_average.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from model.compiled.arithmetic import exponential, softmax
from model.compiled.prepare import Sizes, StateAt
from model.compiled.products import accumulate
from model.compiled.registers import (
    WIDE_LANES,
    F,
    Floats,
    compiled,
    full_width,
    load,
    load_spread,
    load_wide,
    multiply_add,
    spread,
    store,
)

MIN_SHARE = 1e-6  # of its peak: a weight below it has lost digits to what has left
HIGHEST_SCORE = F(60.0)  # above the reference; exp of 88 overflows
UNSET = F(-1e30)  # a reference that every score exceeds: the first token makes all sums
RENEWAL = 24  # steps, at least, between two sums that are made anew for good measure


@compiled
def attend_exactly(projected: Floats, floats: Floats, mixed: Floats, position: int, sizes: Sizes, at: StateAt) -> None:
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


@compiled
def attend_fixed(
    projected: Floats,
    floats: Floats,
    doubles: Any,
    inverse: Floats,
    mixed: Floats,
    position: int,
    sizes: Sizes,
    at: StateAt,
) -> None:
    """projected: scores (H m,) at Q~, scores (H m,) at K~, value (d,) -> mixed (d,), the heads side by side."""
    full_width()
    pairs, D, m, n = sizes.pairs, sizes.head_width, sizes.landmarks, sizes.window
    slot = position % n
    reference = floats[at.reference : at.reference + pairs]
    scores = floats[at.scores + slot * pairs : at.scores + (slot + 1) * pairs]
    terms = floats[at.terms + slot * pairs : at.terms + (slot + 1) * pairs]
    values = floats[at.values + slot * sizes.width : at.values + (slot + 1) * sizes.width]
    new_values = projected[2 * pairs : 2 * pairs + sizes.width]
    weighted = doubles[at.weighted : at.weighted + pairs * D]
    weight = doubles[at.weight : at.weight + pairs]
    peak = doubles[at.peak : at.peak + pairs]
    untrue = 0
    for r in range(pairs):
        score = projected[r]
        above = score - reference[r]
        term = exponential(above)
        now = weight[r] + (np.float64(term) - np.float64(terms[r]))
        largest = max(peak[r], now)
        weight[r] = now
        peak[r] = largest
        untrue += (now < largest * MIN_SHARE) | (above > HIGHEST_SCORE)
        scores[r] = score
        projected[r] = terms[r]  # what leaves
        terms[r] = term
    work = doubles[at.work : at.work + 2 * (sizes.width + pairs) + D + m]
    entering, leaving = work[: sizes.width], work[sizes.width : 2 * sizes.width]
    enters, leaves = work[2 * sizes.width :], work[2 * sizes.width + pairs :]
    for c in range(sizes.width):
        entering[c], leaving[c] = np.float64(new_values[c]), np.float64(values[c])
        values[c] = new_values[c]
    for r in range(pairs):
        enters[r], leaves[r] = np.float64(terms[r]), -np.float64(projected[r])
    heard = min(position + 1, n)
    if untrue:
        for r in range(pairs):
            if (weight[r] < peak[r] * MIN_SHARE) | (scores[r] - reference[r] > HIGHEST_SCORE):
                renew(floats, doubles, r, heard, sizes, at)
                enters[r], leaves[r] = 0.0, 0.0  # it has its sums already
    every = max(RENEWAL, 8 * n // pairs)
    if position % every == 0:
        r = position // every % pairs
        renew(floats, doubles, r, heard, sizes, at)
        enters[r], leaves[r] = 0.0, 0.0
    mix, parts = work[2 * (sizes.width + pairs) :], work[2 * (sizes.width + pairs) + D :]
    shares = projected[pairs : 2 * pairs]
    for h in range(sizes.heads):
        share = shares[h * m : (h + 1) * m]
        largest_share = share[0]
        for i in range(1, m):
            largest_share = max(largest_share, share[i])
        for i in range(m):
            share[i] -= largest_share
    for r in range(pairs):
        shares[r] = exponential(shares[r])
    for h in range(sizes.heads):
        first = h * m
        share = shares[first : first + m]
        total = F(0.0)
        for i in range(m):
            total += share[i]
        scale = 1.0 / np.float64(total)
        multiply_rows(share, inverse[first * m :], m, parts)
        for j in range(m):
            parts[j] *= scale / weight[first + j]
        advance(
            weighted[first * D :], m, D, enters[first:], entering[h * D :], leaves[first:], leaving[h * D :], parts, mix
        )
        for c in range(D):
            mixed[h * D + c] = F(mix[c])


@compiled
def multiply_rows(share: Floats, inverse: Floats, m: int, parts: Any) -> None:
    """parts (m,) = share (m,) times inverse (m, m), in float64."""
    full_width()
    whole = m // WIDE_LANES * WIDE_LANES
    for j in range(0, whole, WIDE_LANES):
        total = spread(0.0)
        for i in range(m):
            total = multiply_add(spread(np.float64(share[i])), load_wide(inverse, i * m + j), total)
        store(total, parts, j)
    for j in range(whole, m):
        parts[j] = 0.0
        for i in range(m):
            parts[j] += np.float64(share[i]) * np.float64(inverse[i * m + j])


@compiled
def advance(
    rows: Any, m: int, D: int, enters: Any, entering: Any, leaves: Any, leaving: Any, parts: Any, mix: Any
) -> None:
    """rows (m, D) += enters (m,) times entering (D,) + leaves (m,) times leaving (D,); mix (D,) = parts (m,) rows."""
    full_width()
    whole = D // WIDE_LANES * WIDE_LANES
    for c in range(0, whole, WIDE_LANES):
        plus, minus, total = load(entering, c), load(leaving, c), spread(0.0)
        for j in range(m):
            now = multiply_add(load_spread(enters, j), plus, load(rows, j * D + c))
            now = multiply_add(load_spread(leaves, j), minus, now)
            store(now, rows, j * D + c)
            total = multiply_add(load_spread(parts, j), now, total)
        store(total, mix, c)
    for c in range(whole, D):
        mix[c] = 0.0
        for j in range(m):
            rows[j * D + c] += enters[j] * entering[c] + leaves[j] * leaving[c]
            mix[c] += parts[j] * rows[j * D + c]


@compiled
def renew(floats: Floats, doubles: Any, pair: int, heard: int, sizes: Sizes, at: StateAt) -> None:
    """The sums of one head and landmark from the `heard` tokens in the rings, with the largest score as reference."""
    full_width()
    pairs, D = sizes.pairs, sizes.head_width
    first = at.values + pair // sizes.landmarks * D
    largest = floats[at.scores + pair]
    for i in range(1, heard):
        largest = max(largest, floats[at.scores + i * pairs + pair])
    row = doubles[at.weighted + pair * D : at.weighted + (pair + 1) * D]
    for c in range(D):
        row[c] = 0.0
    weight = 0.0
    for i in range(heard):
        term = exponential(floats[at.scores + i * pairs + pair] - largest)
        floats[at.terms + i * pairs + pair] = term
        weight += np.float64(term)
        values = floats[first + i * sizes.width : first + i * sizes.width + D]
        for c in range(D):
            row[c] += np.float64(term) * np.float64(values[c])
    floats[at.reference + pair] = largest
    doubles[at.weight + pair] = weight
    doubles[at.peak + pair] = weight
