"""Continual Nystrom attention with fixed landmarks, one token: equation 3 of docs/attention.md in one pass.

Keys and queries are never formed: as the landmarks stand still, the products s Q~ W_k and s K~ W_q are prepared. The
sums are float64 of float32 terms, what leaves is the very term that entered, and a sum is made anew from the rings as
soon as a dominant token has left it or a score exceeds its reference by too much (model/attention/sliding_average.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from model.compiled.arithmetic import F, Floats, compiled, exponential
from model.compiled.layout import DoublesAt, FloatsAt, Sizes
from model.compiled.vectors import full_width

MIN_SHARE = 1e-6  # of its peak: a weight below it has lost digits to what has left
HIGHEST_SCORE = F(60.0)  # above the reference; exp of 88 overflows
UNSET = F(-1e30)  # a reference that every score exceeds: the first token makes all sums
RENEWAL = 24  # steps, at least, between two sums that are made anew for good measure


@compiled
def attend_fixed(
    projected: Floats,
    floats: Floats,
    doubles: Any,
    inverse: Floats,
    mixed: Floats,
    position: int,
    sizes: Sizes,
    at: FloatsAt,
    doubles_at: DoublesAt,
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
    weighted = doubles[doubles_at.weighted : doubles_at.weighted + pairs * D]
    weight = doubles[doubles_at.weight : doubles_at.weight + pairs]
    peak = doubles[doubles_at.peak : doubles_at.peak + pairs]
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
    work = doubles[doubles_at.work : doubles_at.work + 2 * (sizes.width + pairs) + D + m]
    entering, leaving = work[: sizes.width], work[sizes.width : 2 * sizes.width]
    enters, leaves = work[2 * sizes.width :], work[2 * sizes.width + pairs :]
    for c in range(sizes.width):
        entering[c], leaving[c] = np.float64(new_values[c]), np.float64(values[c])
        values[c] = new_values[c]
    for r in range(pairs):
        enters[r], leaves[r] = np.float64(terms[r]), np.float64(projected[r])
    heard = min(position + 1, n)
    if untrue:
        for r in range(pairs):
            if (weight[r] < peak[r] * MIN_SHARE) | (scores[r] - reference[r] > HIGHEST_SCORE):
                renew(floats, doubles, r, heard, sizes, at, doubles_at)
                enters[r], leaves[r] = 0.0, 0.0  # it has its sums already
    every = max(RENEWAL, 8 * n // pairs)
    if position % every == 0:
        r = position // every % pairs
        renew(floats, doubles, r, heard, sizes, at, doubles_at)
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
        share = shares[h * m : (h + 1) * m]
        total = F(0.0)
        for i in range(m):
            total += share[i]
        scale = 1.0 / np.float64(total)
        for j in range(m):
            parts[j] = 0.0
        for i in range(m):
            row_of_inverse, s = inverse[(h * m + i) * m : (h * m + i + 1) * m], np.float64(share[i]) * scale
            for j in range(m):
                parts[j] += s * np.float64(row_of_inverse[j])
        for j in range(m):
            parts[j] /= weight[h * m + j]
        for c in range(D):
            mix[c] = 0.0
        plus, minus = entering[h * D : (h + 1) * D], leaving[h * D : (h + 1) * D]
        for j in range(m):
            r = h * m + j
            row, part, term, old = weighted[r * D : (r + 1) * D], parts[j], enters[r], leaves[r]
            for c in range(D):
                now = row[c] + (term * plus[c] - old * minus[c])
                row[c] = now
                mix[c] += part * now
        for c in range(D):
            mixed[h * D + c] = F(mix[c])


@compiled
def renew(
    floats: Floats, doubles: Any, pair: int, heard: int, sizes: Sizes, at: FloatsAt, doubles_at: DoublesAt
) -> None:
    """The sums of one head and landmark from the `heard` tokens in the rings, with the largest score as reference."""
    full_width()
    pairs, D = sizes.pairs, sizes.head_width
    first = at.values + pair // sizes.landmarks * D
    largest = floats[at.scores + pair]
    for i in range(1, heard):
        largest = max(largest, floats[at.scores + i * pairs + pair])
    row = doubles[doubles_at.weighted + pair * D : doubles_at.weighted + (pair + 1) * D]
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
    doubles[doubles_at.weight + pair] = weight
    doubles[doubles_at.peak + pair] = weight
