"""Many streams in step: one token of each at a time, so that every weight that is loaded serves four of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.compiled.arithmetic import Floats, accumulate_rows, activate, as_tuple, norm, softmax
from model.compiled.attend import attend
from model.compiled.cache import kept
from model.compiled.classifier import CompiledClassifier, clear
from model.compiled.encode import DOUBLES, EPSILON, FLOATS, HEAD, SIZES, WEIGHTS
from model.compiled.layout import DoublesAt, FloatsAt, HeadAt, Sizes, WeightsAt, aligned, doubles_at, floats_at


class CompiledBatch:
    """`streams` streams on one model; each may begin anew at any time."""

    def __init__(self, classifier: CompiledClassifier, streams: int) -> None:
        self._classifier = classifier
        sizes, blocks = classifier.sizes, classifier.config.blocks
        self._floats: Floats = aligned((streams, blocks, floats_at(sizes).end), np.float32)
        self._doubles: NDArray[np.float64] = aligned((streams, blocks, doubles_at(sizes).end), np.float64)
        self._work: Floats = aligned(
            (streams * (2 * sizes.width + max(sizes.projected, sizes.feed_forward)),), np.float32
        )
        self._encode = kept(encode_batch)
        self.positions = np.zeros(streams, np.int64)  # tokens heard
        for stream in range(streams):
            self.reset(stream)

    def reset(self, stream: int) -> None:
        """Let this stream begin anew."""
        clear(self._floats[stream], self._doubles[stream], self._classifier.sizes)
        self.positions[stream] = 0

    def step(self, tokens: Floats) -> Floats:
        """tokens (streams, d) float32, the next of every stream -> probabilities (streams, genres)."""
        model = self._classifier
        answers = np.zeros((len(self.positions), model.sizes.genres), np.float32)
        self._encode(
            tokens,
            model.plan,
            model.blocks,
            model.head,
            self._floats,
            self._doubles,
            self._work,
            self.positions,
            answers,
        )
        self.positions += 1
        return answers


def encode_batch(
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
    """What `encode` does, for the tokens (B, d) of B streams at the same time, with a state each."""
    sizes = Sizes(*as_tuple(plan, SIZES))
    at = WeightsAt(*as_tuple(plan[SIZES:], WEIGHTS))
    last = HeadAt(*as_tuple(plan[SIZES + WEIGHTS :], HEAD))
    float_at = FloatsAt(*as_tuple(plan[SIZES + WEIGHTS + HEAD :], FLOATS))
    double_at = DoublesAt(*as_tuple(plan[SIZES + WEIGHTS + HEAD + FLOATS :], DOUBLES))
    B, d, wide, projected = len(tokens), sizes.width, sizes.feed_forward, sizes.projected
    pre = sizes.post_norm == 0
    x, a, b = work[: B * d], work[B * d : 2 * B * d], work[2 * B * d :]
    for s in range(B):
        x[s * d : (s + 1) * d] = tokens[s]
        if sizes.positions:
            row = last.positions + positions[s] % sizes.positions * d
            for i in range(d):
                x[s * d + i] += head[row + i]
    for block in range(len(weights)):
        w = weights[block]
        for s in range(B):
            mine = a[s * d : (s + 1) * d]
            if pre:
                norm(x[s * d : (s + 1) * d], w[at.attention_gain :], w[at.attention_offset :], EPSILON, mine)
            else:
                mine[:] = x[s * d : (s + 1) * d]
            b[s * projected : (s + 1) * projected] = w[at.project_bias : at.project_bias + projected]
        accumulate_rows(w[at.project : at.project_bias], a, d, b, B, d, projected)
        for s in range(B):
            state, now, mine = floats[s, block], positions[s], a[s * d : (s + 1) * d]
            scores = b[s * projected : (s + 1) * projected]
            inverse = w[at.inverse : at.end]
            attend(scores, state, doubles[s, block], inverse, mine, now, sizes, float_at, double_at)
            for i in range(d):
                x[s * d + i] += w[at.output_bias + i]
        accumulate_rows(w[at.output : at.output_bias], a, d, x, B, d, d)
        for s in range(B):
            token, mine = x[s * d : (s + 1) * d], a[s * d : (s + 1) * d]
            if pre:
                norm(token, w[at.feed_forward_gain :], w[at.feed_forward_offset :], EPSILON, mine)
            else:
                norm(token, w[at.attention_gain :], w[at.attention_offset :], EPSILON, mine)
                token[:] = mine
            b[s * wide : (s + 1) * wide] = w[at.widen_bias : at.widen_bias + wide]
        accumulate_rows(w[at.widen : at.widen_bias], a, d, b, B, d, wide)
        activate(b[: B * wide], sizes.activation)
        for s in range(B):
            for i in range(d):
                x[s * d + i] += w[at.narrow_bias + i]
        accumulate_rows(w[at.narrow : at.narrow_bias], b, wide, x, B, wide, d)
        if not pre:
            for s in range(B):
                token, mine = x[s * d : (s + 1) * d], a[s * d : (s + 1) * d]
                norm(token, w[at.feed_forward_gain :], w[at.feed_forward_offset :], EPSILON, mine)
                token[:] = mine
    for s in range(B):
        norm(x[s * d : (s + 1) * d], head[last.gain :], head[last.offset :], EPSILON, a[s * d : (s + 1) * d])
        answers[s] = head[last.bias : last.bias + sizes.genres]
    accumulate_rows(head[last.weight : last.bias], a, d, answers.reshape(B * sizes.genres), B, d, sizes.genres)
    for s in range(B):
        softmax(answers[s])
