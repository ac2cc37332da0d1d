"""Tokens through the blocks and the head: all that a step is, in one call, for one stream or for many."""

from __future__ import annotations

from typing import Any

from model.compiled.arithmetic import activate, copy, norm, softmax
from model.compiled.attend import attend
from model.compiled.compiling import Floats, as_tuple
from model.compiled.layout import DoublesAt, FloatsAt, HeadAt, Sizes, WeightsAt
from model.compiled.products import accumulate_either, accumulate_rows
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
    positions: Any,
    answers: Floats,
) -> None:
    """tokens (T, B d): the next T of each of B streams, side by side -> answers (T, B genres), probabilities.

    weights (blocks, .). Of every stream: floats and doubles (B, blocks, .), its state, and positions (B,), how many
    tokens it has heard: these three are brought up to date. All streams have their turn with a weight before the next
    one is loaded.
    """
    full_width()
    sizes = Sizes(*as_tuple(plan, SIZES))
    at = WeightsAt(*as_tuple(plan[SIZES:], WEIGHTS))
    last = HeadAt(*as_tuple(plan[SIZES + WEIGHTS :], HEAD))
    float_at = FloatsAt(*as_tuple(plan[SIZES + WEIGHTS + HEAD :], FLOATS))
    double_at = DoublesAt(*as_tuple(plan[SIZES + WEIGHTS + HEAD + FLOATS :], DOUBLES))
    B, d, wide, projected = len(positions), sizes.width, sizes.feed_forward, sizes.projected
    pre = sizes.post_norm == 0
    x, a, b = work[: B * d], work[B * d : 2 * B * d], work[2 * B * d :]
    for t in range(len(tokens)):
        copy(tokens[t], x)
        if sizes.positions:
            for s in range(B):
                row = last.positions + (positions[s] + t) % sizes.positions * d
                for i in range(d):
                    x[s * d + i] += head[row + i]
        for block in range(len(weights)):
            w = weights[block]
            for s in range(B):
                token, mine = x[s * d : (s + 1) * d], a[s * d : (s + 1) * d]
                if pre:
                    norm(token, w[at.attention_gain :], w[at.attention_offset :], EPSILON, mine)
                else:
                    copy(token, mine)
                copy(w[at.project_bias :], b[s * projected : (s + 1) * projected])
            accumulate_rows(w[at.project : at.project_bias], a, d, b, B, d, projected)
            for s in range(B):
                token, mine, scores = x[s * d : (s + 1) * d], a[s * d : (s + 1) * d], b[s * projected :]
                inverse, now = w[at.inverse : at.end], positions[s] + t
                attend(scores, floats[s, block], doubles[s, block], inverse, mine, now, sizes, float_at, double_at)
                for i in range(d):
                    token[i] += w[at.output_bias + i]
            accumulate_either(sizes.halves, w[at.output : at.output_bias], a, d, x, B, d, d)
            for s in range(B):
                token, mine = x[s * d : (s + 1) * d], a[s * d : (s + 1) * d]
                if pre:
                    norm(token, w[at.feed_forward_gain :], w[at.feed_forward_offset :], EPSILON, mine)
                else:
                    norm(token, w[at.attention_gain :], w[at.attention_offset :], EPSILON, mine)
                    copy(mine, token)
                copy(w[at.widen_bias :], b[s * wide : (s + 1) * wide])
            accumulate_either(sizes.halves, w[at.widen : at.widen_bias], a, d, b, B, d, wide)
            activate(b[: B * wide], sizes.activation)
            for s in range(B):
                for i in range(d):
                    x[s * d + i] += w[at.narrow_bias + i]
            accumulate_either(sizes.halves, w[at.narrow : at.narrow_bias], b, wide, x, B, wide, d)
            if not pre:
                for s in range(B):
                    token, mine = x[s * d : (s + 1) * d], a[s * d : (s + 1) * d]
                    norm(token, w[at.feed_forward_gain :], w[at.feed_forward_offset :], EPSILON, mine)
                    copy(mine, token)
        answer, genres = answers[t], sizes.genres
        for s in range(B):
            norm(x[s * d : (s + 1) * d], head[last.gain :], head[last.offset :], EPSILON, a[s * d : (s + 1) * d])
            copy(head[last.bias :], answer[s * genres : (s + 1) * genres])
        accumulate_rows(head[last.weight : last.bias], a, d, answer, B, d, genres)
        for s in range(B):
            softmax(answer[s * genres : (s + 1) * genres])
    for s in range(B):
        positions[s] += len(tokens)
