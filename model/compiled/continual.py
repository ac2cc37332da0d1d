"""Continual Nystrom attention with continual landmarks, one token: model/attention/continual.py, without torch.

Between two completed segments the landmarks stand still, and a step is that of fixed ones (attention.py) on scores that
are formed here from query and key. When a segment is complete its mean query and key replace the oldest landmark: all
keys in the window get a score at it, its sums are made anew, and so is the inverse. One step of n / m does that.

A landmark that does not stand yet has a query and a key of zeros, no share, and zeros in the inverse.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from model.compiled.arithmetic import copy, exponential
from model.compiled.attention import UNSET, attend_fixed
from model.compiled.prepare import Sizes, StateAt
from model.compiled.products import accumulate
from model.compiled.registers import F, Floats, compiled, full_width
from model.definitions import completed_segments, segment_end

completed, end = compiled(completed_segments), compiled(segment_end)

NO_SHARE = F(-1e30)  # a score that leaves none


@compiled
def attend_continual(
    projected: Floats,
    floats: Floats,
    doubles: Any,
    ridge: float,
    mixed: Floats,
    position: int,
    sizes: Sizes,
    at: StateAt,
) -> None:
    """projected: query (d,), scaled by 1 / sqrt(D), key (d,), value (d,) -> mixed (d,), the heads side by side."""
    full_width()
    pairs, d, D, m, n = sizes.pairs, sizes.width, sizes.head_width, sizes.landmarks, sizes.window
    query, key = projected[:d], projected[d : 2 * d]
    work = floats[at.landmark_work : at.landmark_work + 2 * pairs + d]
    slot, heard = position % n, position + 1
    copy(key, floats[at.keys + slot * d : at.keys + (slot + 1) * d])
    for r in range(pairs):
        work[r] = F(0.0)
        work[pairs + r] = F(0.0)
    segment_query = doubles[at.segment : at.segment + d]
    segment_key = doubles[at.segment + d : at.segment + 2 * d]
    for c in range(d):
        segment_query[c] += np.float64(query[c])
        segment_key[c] += np.float64(key[c])
    complete = completed(heard, n, m)
    standing = min(complete, m)
    if end(complete - 1, n, m) == heard:
        place, length = (complete - 1) % m, heard - end(complete - 2, n, m)
        replace_landmark(floats, doubles, place, length, min(heard, n), sizes, at)
        for h in range(sizes.heads):
            invert(floats, doubles, h, standing, ridge, sizes, at)
    for h in range(sizes.heads):
        at_queries, at_keys = work[h * m : (h + 1) * m], work[pairs + h * m : pairs + (h + 1) * m]
        query_landmarks, key_landmarks = (
            floats[at.query_landmarks + h * m * D :],
            floats[at.key_landmarks + h * m * D :],
        )
        accumulate(query_landmarks, key[h * D : (h + 1) * D], at_queries, D, m)
        accumulate(key_landmarks, query[h * D : (h + 1) * D], at_keys, D, m)
        for j in range(standing, m):
            at_keys[j] = NO_SHARE
    copy(projected[2 * d : 3 * d], work[2 * pairs :])
    inverse = floats[at.inverse : at.inverse + pairs * m]
    attend_fixed(work, floats, doubles, inverse, mixed, position, sizes, at)
    if standing == 0:  # the stream is younger than a segment: exact attention over what has been heard
        attend_to_few(query, floats, mixed, heard, sizes, at)


@compiled
def replace_landmark(
    floats: Floats, doubles: Any, place: int, length: int, heard: int, sizes: Sizes, at: StateAt
) -> None:
    """The means of the segment of `length` tokens become the landmark at `place`; a new segment begins.

    The `heard` keys in the ring get their scores; the reference is unset, so that the sums are made anew from them.
    """
    full_width()
    pairs, d, D, m = sizes.pairs, sizes.width, sizes.head_width, sizes.landmarks
    segment_query = doubles[at.segment : at.segment + d]
    segment_key = doubles[at.segment + d : at.segment + 2 * d]
    for h in range(sizes.heads):
        pair = h * m + place
        for c in range(D):
            mean_query, mean_key = segment_query[h * D + c] / length, segment_key[h * D + c] / length
            doubles[at.landmarks + pair * D + c] = mean_query
            doubles[at.landmarks + (pairs + pair) * D + c] = mean_key
            floats[at.query_landmarks + (h * D + c) * m + place] = F(mean_query)
            floats[at.key_landmarks + (h * D + c) * m + place] = F(mean_key)
        landmark = doubles[at.landmarks + pair * D : at.landmarks + (pair + 1) * D]
        for i in range(heard):
            key = floats[at.keys + i * d + h * D : at.keys + i * d + (h + 1) * D]
            score = 0.0
            for c in range(D):
                score += landmark[c] * np.float64(key[c])
            floats[at.scores + i * pairs + pair] = F(score)
        floats[at.reference + pair] = UNSET
    for c in range(d):
        segment_query[c] = 0.0
        segment_key[c] = 0.0


@compiled
def invert(floats: Floats, doubles: Any, head: int, standing: int, ridge: float, sizes: Sizes, at: StateAt) -> None:
    """P = (A^T A + ridge I)^-1 A^T of one head's A = softmax(s Q~ K~^T), in float64, by Cholesky's decomposition."""
    pairs, D, m, s = sizes.pairs, sizes.head_width, sizes.landmarks, standing
    queries = doubles[at.landmarks + head * m * D : at.landmarks + (head + 1) * m * D]
    keys = doubles[at.landmarks + (pairs + head * m) * D : at.landmarks + (pairs + (head + 1) * m) * D]
    matrix = doubles[at.matrix : at.matrix + m * m]
    factor = doubles[at.matrix + m * m : at.matrix + 2 * m * m]
    for i in range(s):
        row = matrix[i * m : i * m + s]
        for j in range(s):
            score = 0.0
            for c in range(D):
                score += queries[i * D + c] * keys[j * D + c]
            row[j] = score
        largest = row[0]
        for j in range(1, s):
            largest = max(largest, row[j])
        total = 0.0
        for j in range(s):
            row[j] = np.exp(row[j] - largest)
            total += row[j]
        for j in range(s):
            row[j] /= total
    for i in range(s):  # L of A^T A + ridge I = L L^T
        for j in range(i + 1):
            value = ridge if i == j else 0.0
            for k in range(s):
                value += matrix[k * m + i] * matrix[k * m + j]
            for k in range(j):
                value -= factor[i * m + k] * factor[j * m + k]
            factor[i * m + j] = np.sqrt(value) if i == j else value / factor[j * m + j]
    for column in range(s):  # of P: L L^T p = the row of A of that number
        solution = matrix[column * m : column * m + s]
        for i in range(s):
            value = solution[i]
            for k in range(i):
                value -= factor[i * m + k] * solution[k]
            solution[i] = value / factor[i * m + i]
        for back in range(s):
            i = s - 1 - back
            value = solution[i]
            for k in range(i + 1, s):
                value -= factor[k * m + i] * solution[k]
            solution[i] = value / factor[i * m + i]
    first = at.inverse + head * m * m
    for i in range(s):
        for j in range(s):
            floats[first + i * m + j] = F(matrix[j * m + i])


@compiled
def attend_to_few(query: Floats, floats: Floats, mixed: Floats, heard: int, sizes: Sizes, at: StateAt) -> None:
    """Exact attention over the first `heard` tokens of a stream, at most n / m: (d,) scaled -> mixed (d,)."""
    d, D = sizes.width, sizes.head_width
    for h in range(sizes.heads):
        mine, mix = query[h * D : (h + 1) * D], mixed[h * D : (h + 1) * D]
        largest = UNSET
        for c in range(D):
            mix[c] = F(0.0)
        total = F(0.0)
        for sweep in range(2):  # the largest score first
            for i in range(heard):
                key = floats[at.keys + i * d + h * D : at.keys + i * d + (h + 1) * D]
                score = F(0.0)
                for c in range(D):
                    score += mine[c] * key[c]
                if sweep == 0:
                    largest = max(largest, score)
                else:
                    term = exponential(score - largest)
                    value = floats[at.values + i * d + h * D : at.values + i * d + (h + 1) * D]
                    total += term
                    for c in range(D):
                        mix[c] += term * value[c]
        for c in range(D):
            mix[c] /= total
