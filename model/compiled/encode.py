"""Tokens through the blocks and the head, one after the other: all that a step is, in one call."""

from __future__ import annotations

from typing import Any

from model.compiled.arithmetic import Floats, accumulate, activate, as_tuple, norm, softmax
from model.compiled.attend import attend
from model.compiled.layout import DoublesAt, FloatsAt, HeadAt, Sizes, WeightsAt
from model.compiled.vectors import full_width

EPSILON = 1e-5  # of the norms, as torch has it
SIZES, WEIGHTS, HEAD = len(Sizes._fields), len(WeightsAt._fields), len(HeadAt._fields)
FLOATS, DOUBLES = len(FloatsAt._fields), len(DoublesAt._fields)


def encode(
    tokens: Floats,
    plan: Any,
    weights: Floats,
    head: Floats,
    floats: Floats,
    doubles: Any,
    work: Floats,
    position: int,
    answers: Floats,
) -> None:
    """tokens (T, d), the first of them number `position` of its stream -> answers (T, genres), probabilities.

    Of every block: weights (blocks, .), and its state, floats and doubles (blocks, .).
    """
    full_width()
    sizes = Sizes(*as_tuple(plan, SIZES))
    at = WeightsAt(*as_tuple(plan[SIZES:], WEIGHTS))
    last = HeadAt(*as_tuple(plan[SIZES + WEIGHTS :], HEAD))
    float_at = FloatsAt(*as_tuple(plan[SIZES + WEIGHTS + HEAD :], FLOATS))
    double_at = DoublesAt(*as_tuple(plan[SIZES + WEIGHTS + HEAD + FLOATS :], DOUBLES))
    d, wide, projected = sizes.width, sizes.feed_forward, sizes.projected
    pre = sizes.post_norm == 0
    x, a, b = work[:d], work[d : 2 * d], work[2 * d : 2 * d + max(wide, projected)]
    for t in range(len(tokens)):
        now = position + t
        x[:] = tokens[t]
        if sizes.positions:
            row = last.positions + now % sizes.positions * d
            for i in range(d):
                x[i] += head[row + i]
        for block in range(len(weights)):
            w = weights[block]
            if pre:
                norm(x, w[at.attention_gain :], w[at.attention_offset :], EPSILON, a)
            else:
                a[:] = x
            b[:projected] = w[at.project_bias : at.project_bias + projected]
            accumulate(w[at.project : at.project_bias], a, b, d, projected)
            attend(b, floats[block], doubles[block], w[at.inverse : at.end], a, now, sizes, float_at, double_at)
            for i in range(d):
                x[i] += w[at.output_bias + i]
            accumulate(w[at.output : at.output_bias], a, x, d, d)
            if pre:
                norm(x, w[at.feed_forward_gain :], w[at.feed_forward_offset :], EPSILON, a)
            else:
                norm(x, w[at.attention_gain :], w[at.attention_offset :], EPSILON, a)
                x[:] = a
            b[:wide] = w[at.widen_bias : at.widen_bias + wide]
            accumulate(w[at.widen : at.widen_bias], a, b, d, wide)
            activate(b[:wide], sizes.activation)
            for i in range(d):
                x[i] += w[at.narrow_bias + i]
            accumulate(w[at.narrow : at.narrow_bias], b, x, wide, d)
            if not pre:
                norm(x, w[at.feed_forward_gain :], w[at.feed_forward_offset :], EPSILON, a)
                x[:] = a
        norm(x, head[last.gain :], head[last.offset :], EPSILON, a)
        answer = answers[t]
        answer[:] = head[last.bias : last.bias + sizes.genres]
        accumulate(head[last.weight : last.bias], a, answer, d, sizes.genres)
        softmax(answer)
