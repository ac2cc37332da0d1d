"""The parts of a compiled step by themselves, and the bound: nothing but the products of the same weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from model.compiled.arithmetic import Floats, activate, copy, norm, softmax
from model.compiled.cache import kept
from model.compiled.classifier import EPSILON, CompiledClassifier, attend, read_plan
from model.compiled.prepare import head_at, weights_at
from model.compiled.products import accumulate, accumulate_either


def step_parts(compiled: CompiledClassifier) -> dict[str, Callable[[], object]]:
    """Of one block, and the head: each a call that does that part once."""
    random = np.random.default_rng(0)
    plan, weights, head = compiled.plan, compiled.blocks[0], compiled.head
    state = compiled.init_state().encoder
    x, a, b = (random.normal(size=4 * compiled.config.width + 4096).astype(np.float32) for _ in range(3))
    position = 0

    def attend_once() -> None:
        nonlocal position
        kept(attention)(plan, weights, state.floats[0, 0], state.doubles[0, 0], b, a, position)
        position += 1

    return {
        "projections": lambda: kept(projections)(plan, weights, a, b, x),
        "attention": attend_once,
        "feed_forward": lambda: kept(feed_forward)(plan, weights, a, b, x),
        "head": lambda: kept(last)(plan, head, a, b, x),
    }


def bare_products(compiled: CompiledClassifier, whole: CompiledClassifier) -> dict[str, Callable[[], object]]:
    """The bound: all blocks and the head, as they lie in memory, by the step's own loops; and the same weights, all
    of them as float32 (`whole`), by these loops and by numpy's BLAS.
    """
    random = np.random.default_rng(0)
    plan, sizes = whole.plan, whole.sizes
    at = weights_at(sizes)
    a, b = (random.normal(size=4 * sizes.width + 4096).astype(np.float32) for _ in range(2))
    pieces = [
        (weights[begin : begin + width * count].reshape(width, count).T, a[:width].copy(), np.empty(count, np.float32))
        for weights in whole.blocks
        for begin, width, count in (
            (at.project, sizes.width, sizes.projected),
            (at.output, sizes.width, sizes.width),
            (at.widen, sizes.width, sizes.feed_forward),
            (at.narrow, sizes.feed_forward, sizes.width),
        )
    ]

    begin = head_at(sizes).weight
    answer = whole.head[begin : begin + sizes.width * sizes.genres].reshape(sizes.width, sizes.genres).T
    pieces.append((answer, a[: sizes.width].copy(), np.empty(sizes.genres, np.float32)))

    def blas() -> None:
        for matrix, inputs, outputs in pieces:
            np.dot(matrix, inputs, out=outputs)

    return {
        "loops": lambda: kept(products)(compiled.plan, compiled.blocks, compiled.head, a, b),
        "float32_loops": lambda: kept(products)(plan, whole.blocks, whole.head, a, b),
        "blas": blas,
    }


def projections(plan: Any, w: Floats, a: Floats, b: Floats, x: Floats) -> None:
    sizes, at, _, _ = read_plan(plan)
    d, count = sizes.width, sizes.projected
    norm(x[:d], w[at.attention_gain :], w[at.attention_offset :], EPSILON, a[:d])
    copy(w[at.project_bias : at.project_bias + count], b[:count])
    accumulate(w[at.project : at.project_bias], a, b, d, count)
    copy(w[at.output_bias : at.output_bias + d], b[:d])
    accumulate_either(sizes.halves, w[at.output : at.output_bias], a, d, b, 1, d, d)


def attention(plan: Any, w: Floats, floats: Floats, doubles: Any, b: Floats, a: Floats, position: int) -> None:
    sizes, at, _, state_at = read_plan(plan)
    attend(b, floats, doubles, w[at.inverse : at.end], a[: sizes.width], position, sizes, state_at)


def feed_forward(plan: Any, w: Floats, a: Floats, b: Floats, x: Floats) -> None:
    sizes, at, _, _ = read_plan(plan)
    d, wide = sizes.width, sizes.feed_forward
    norm(x[:d], w[at.feed_forward_gain :], w[at.feed_forward_offset :], EPSILON, a[:d])
    copy(w[at.widen_bias : at.widen_bias + wide], b[:wide])
    accumulate_either(sizes.halves, w[at.widen : at.widen_bias], a, d, b, 1, d, wide)
    activate(b[:wide], sizes.activation)
    copy(w[at.narrow_bias : at.narrow_bias + d], a[:d])
    accumulate_either(sizes.halves, w[at.narrow : at.narrow_bias], b, wide, a, 1, wide, d)


def last(plan: Any, head: Floats, a: Floats, b: Floats, x: Floats) -> None:
    sizes, _, at, _ = read_plan(plan)
    norm(x[: sizes.width], head[at.gain :], head[at.offset :], EPSILON, a[: sizes.width])
    answer = b[: sizes.genres]
    copy(head[at.bias : at.bias + sizes.genres], answer)
    accumulate(head[at.weight : at.bias], a, answer, sizes.width, sizes.genres)
    softmax(answer)


def products(plan: Any, weights: Floats, head: Floats, a: Floats, b: Floats) -> None:
    sizes, at, after, _ = read_plan(plan)
    d, wide = sizes.width, sizes.feed_forward
    for block in range(len(weights)):
        w = weights[block]
        accumulate(w[at.project : at.project_bias], a, b, d, sizes.projected)
        accumulate_either(sizes.halves, w[at.output : at.output_bias], a, d, b, 1, d, d)
        accumulate_either(sizes.halves, w[at.widen : at.widen_bias], a, d, b, 1, d, wide)
        accumulate_either(sizes.halves, w[at.narrow : at.narrow_bias], a, wide, b, 1, wide, d)
    accumulate(head[after.weight : after.bias], a, b, d, sizes.genres)
