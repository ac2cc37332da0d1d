"""What a frame cannot do without, timed alone: of each part the transform or the products, and the parts of a step.

Not in the bounds: windows, levels, norms, activations, attention, logarithms, the calls and whatever is passed on.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.stream.bench import Call
from audio.logmel import POINTS, WORK_LENGTH, log_mel_tables
from audio.loops import transform
from audio.mel import BINS
from model.compiled.arithmetic import OPTIONS, Floats, Function, activate, copy, norm, softmax
from model.compiled.cache import kept
from model.compiled.classifier import EPSILON, CompiledClassifier, attend, read_plan
from model.compiled.products import accumulate, accumulate_rows
from model.compiled.stem import BANDS_OUT, CHANNELS_IN, CHANNELS_OUT, KERNEL_BANDS, STRIDE, TAPS, WEIGHTS_AT


@cache
def compiled_once(function: Function) -> Function:
    """In every process anew: what is kept on disk is not known to depend on audio."""
    return cast(Function, njit(**OPTIONS)(function))


def transforms() -> dict[str, Call]:
    """Of log-mel: one transform of a frame, by the program's loops and by numpy, each with the mel bands' products."""
    random, tables = np.random.default_rng(0), log_mel_tables()
    samples, work = random.normal(size=2 * POINTS), random.normal(size=WORK_LENGTH)
    spectrum = np.empty(BINS, np.complex128)
    weights = tables.numbers[tables.places[9] : tables.places[10]].copy()
    powers = random.normal(size=len(weights))
    loops, mel_products = compiled_once(_transform), compiled_once(_multiply)

    def by_loops() -> None:
        loops(tables.numbers, tables.places, work)
        mel_products(weights, powers)

    def by_numpy() -> None:
        np.fft.rfft(samples, out=spectrum)
        mel_products(weights, powers)

    return {"transform_loops": by_loops, "transform_numpy": by_numpy}


def stem_products(compiled: CompiledClassifier, whole: CompiledClassifier) -> dict[str, Call]:
    """Of the stem: the products of its convolutions' own weights and of the projection, by its loops and by BLAS.

    `whole`: the same with all weights as float32, for BLAS.
    """
    random, part = np.random.default_rng(0), compiled.tokenizing
    longest = max(int(layer[BANDS_OUT] * layer[CHANNELS_OUT]) for layer in part.plan)
    widest = max(int((layer[BANDS_OUT] * STRIDE + layer[KERNEL_BANDS]) * layer[CHANNELS_IN]) for layer in part.plan)
    inputs, outputs = (random.normal(size=size).astype(np.float32) for size in (widest + longest, longest))
    token = np.zeros(compiled.config.width, np.float32)
    features = int(part.plan[-1][BANDS_OUT] * part.plan[-1][CHANNELS_OUT])
    loops = compiled_once(_convolve)
    pieces = []
    for layer in part.plan:
        width, count = TAPS * int(layer[KERNEL_BANDS] * layer[CHANNELS_IN]), int(layer[CHANNELS_OUT])
        weights = part.weights[layer[WEIGHTS_AT] : layer[WEIGHTS_AT] + width * count].reshape(width, count)
        gathered = random.normal(size=(int(layer[BANDS_OUT]), width)).astype(np.float32)
        pieces.append((gathered, weights, np.empty((len(gathered), count), np.float32)))
    projection = whole.tokenizing.projection[len(token) :].reshape(features, -1)
    gathered = random.normal(size=(1, features)).astype(np.float32)
    pieces.append((gathered, projection, np.empty((1, len(token)), np.float32)))
    flat = part.projection[len(token) :]
    return {
        "stem_loops": lambda: loops(part.plan, part.weights, part.halves, flat, inputs, outputs, token, features),
        "stem_blas": lambda: _multiply_all(pieces),
    }


def step_products(compiled: CompiledClassifier, whole: CompiledClassifier) -> dict[str, Call]:
    """Of the step: all blocks and the head, as they lie in memory, by its own loops; and the same weights, all of
    them as float32 (`whole`), by these loops and by BLAS.
    """
    random = np.random.default_rng(0)
    plan, sizes = whole.plan, whole.sizes
    at = whole.weights_at
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
    begin = whole.head_at.weight
    answer = whole.head[begin : begin + sizes.width * sizes.genres].reshape(sizes.width, sizes.genres).T
    pieces.append((answer, a[: sizes.width].copy(), np.empty(sizes.genres, np.float32)))
    return {
        "loops": lambda: kept(_products)(compiled.plan, compiled.blocks, compiled.head, a, b),
        "float32_loops": lambda: kept(_products)(plan, whole.blocks, whole.head, a, b),
        "blas": lambda: _multiply_all(pieces),
    }


def step_parts(compiled: CompiledClassifier) -> dict[str, Call]:
    """Of one block, and the head: each a call that does that part once."""
    random = np.random.default_rng(0)
    plan, weights, head = compiled.plan, compiled.blocks[0], compiled.head
    state = compiled.init_state().encoder
    x, a, b = (random.normal(size=4 * compiled.config.width + 4096).astype(np.float32) for _ in range(3))
    position = 0

    def attend_once() -> None:
        nonlocal position
        kept(_attention)(plan, weights, state.floats[0, 0], state.doubles[0, 0], b, a, position)
        position += 1

    return {
        "projections": lambda: kept(_projections)(plan, weights, a, b, x),
        "attention": attend_once,
        "feed_forward": lambda: kept(_feed_forward)(plan, weights, a, b, x),
        "head": lambda: kept(_head)(plan, head, a, b, x),
    }


def _multiply_all(pieces: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]) -> None:
    for left, right, product in pieces:
        np.dot(left, right, out=product)


def _transform(numbers: NDArray[np.float64], places: NDArray[np.int64], work: NDArray[np.float64]) -> None:
    """What audio.loops.log_mel_frames does between window and power."""
    real, imaginary = work[:POINTS], work[POINTS : 2 * POINTS]
    for i in range(POINTS):
        real[i] = imaginary[i] = 1.0  # the transform of a transform of a transform overflows
    transform(numbers, places, real, imaginary, work[2 * POINTS : 3 * POINTS], work[3 * POINTS : 4 * POINTS])


def _multiply(weights: NDArray[np.float64], powers: NDArray[np.float64]) -> float:
    total = 0.0
    for i in range(len(weights)):
        total += weights[i] * powers[i]
    return total


def _convolve(
    plan: NDArray[np.int64],
    weights: Floats,
    halves: int,
    projection: Floats,
    inputs: Floats,
    outputs: Floats,
    token: Floats,
    features: int,
) -> None:
    for number in range(len(plan)):
        layer = plan[number]
        channels, count, rows = layer[CHANNELS_IN], layer[CHANNELS_OUT], layer[BANDS_OUT]
        width = layer[KERNEL_BANDS] * channels
        for tap in range(TAPS):
            begin = layer[WEIGHTS_AT] + tap * width * count
            part = weights[begin : begin + width * count]
            accumulate_rows(0, part, inputs, STRIDE * channels, outputs, rows, width, count)
    accumulate_rows(halves, projection, outputs, features, token, 1, features, len(token))


def _products(plan: Any, weights: Floats, head: Floats, a: Floats, b: Floats) -> None:
    sizes, at, after, _ = read_plan(plan)
    d, wide = sizes.width, sizes.feed_forward
    for block in range(len(weights)):
        w = weights[block]
        accumulate(w[at.project : at.project_bias], a, b, d, sizes.projected)
        accumulate_rows(sizes.halves, w[at.output : at.output_bias], a, d, b, 1, d, d)
        accumulate_rows(sizes.halves, w[at.widen : at.widen_bias], a, d, b, 1, d, wide)
        accumulate_rows(sizes.halves, w[at.narrow : at.narrow_bias], a, wide, b, 1, wide, d)
    accumulate(head[after.weight : after.bias], a, b, d, sizes.genres)


def _projections(plan: Any, w: Floats, a: Floats, b: Floats, x: Floats) -> None:
    sizes, at, _, _ = read_plan(plan)
    d, count = sizes.width, sizes.projected
    norm(x[:d], w[at.attention_gain :], w[at.attention_offset :], EPSILON, a[:d])
    copy(w[at.project_bias : at.project_bias + count], b[:count])
    accumulate(w[at.project : at.project_bias], a, b, d, count)
    copy(w[at.output_bias : at.output_bias + d], b[:d])
    accumulate_rows(sizes.halves, w[at.output : at.output_bias], a, d, b, 1, d, d)


def _attention(plan: Any, w: Floats, floats: Floats, doubles: Any, b: Floats, a: Floats, position: int) -> None:
    sizes, at, _, state_at = read_plan(plan)
    attend(b, floats, doubles, w[at.inverse : at.end], a[: sizes.width], position, sizes, state_at)


def _feed_forward(plan: Any, w: Floats, a: Floats, b: Floats, x: Floats) -> None:
    sizes, at, _, _ = read_plan(plan)
    d, wide = sizes.width, sizes.feed_forward
    norm(x[:d], w[at.feed_forward_gain :], w[at.feed_forward_offset :], EPSILON, a[:d])
    copy(w[at.widen_bias : at.widen_bias + wide], b[:wide])
    accumulate_rows(sizes.halves, w[at.widen : at.widen_bias], a, d, b, 1, d, wide)
    activate(b[:wide], sizes.activation)
    copy(w[at.narrow_bias : at.narrow_bias + d], a[:d])
    accumulate_rows(sizes.halves, w[at.narrow : at.narrow_bias], b, wide, a, 1, wide, d)


def _head(plan: Any, head: Floats, a: Floats, b: Floats, x: Floats) -> None:
    sizes, _, at, _ = read_plan(plan)
    norm(x[: sizes.width], head[at.gain :], head[at.offset :], EPSILON, a[: sizes.width])
    answer = b[: sizes.genres]
    copy(head[at.bias : at.bias + sizes.genres], answer)
    accumulate(head[at.weight : at.bias], a, answer, sizes.width, sizes.genres)
    softmax(answer)
