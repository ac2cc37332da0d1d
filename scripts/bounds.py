"""What a frame cannot do without, timed alone: of each part the transform or the products.

Not in the bounds: windows, levels, norms, activations, attention, logarithms, the calls and whatever is passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.stream.bench import Call
from audio import FFT_LENGTH
from audio.logmel import BINS, slaney_bank
from model.compiled.cache import kept
from model.compiled.classifier import CompiledClassifier, attend, read_plan
from model.compiled.prepare import aligned
from model.compiled.products import accumulate_rows
from model.compiled.registers import Floats
from model.compiled.stem import BANDS_OUT, CHANNELS_IN, CHANNELS_OUT, KERNEL_BANDS, TAPS, WEIGHTS_AT


class Product(NamedTuple):
    """Inputs (rows, width) times weights (width, outputs)."""

    halves: int  # 1 where the weights are
    begin: int  # of the weights in the array that all products of a part share
    rows: int
    width: int
    outputs: int


def transform() -> Call:
    """Of log-mel: the transform of a frame by numpy, and the products of the mel bands."""
    random = np.random.default_rng(0)
    samples, spectrum = random.normal(size=FFT_LENGTH), np.empty(BINS, np.complex128)
    bank = slaney_bank()
    weights = bank[bank > 0].astype(np.float64)
    powers, mel_products = random.normal(size=len(weights)), kept(_dot)

    def transform_once() -> None:
        np.fft.rfft(samples, out=spectrum)
        mel_products(weights, powers)

    return transform_once


def stem_products(compiled: CompiledClassifier, whole: CompiledClassifier) -> dict[str, Call]:
    """Of the stem: its convolutions' own weights and the projection, by its loops and by BLAS.

    `whole`: the same with all weights as float32, for BLAS.
    """
    return {"stem_loops": by_loops(*_of_stem(compiled)), "stem_blas": by_blas(*_of_stem(whole))}


def step_products(compiled: CompiledClassifier, whole: CompiledClassifier) -> dict[str, Call]:
    """Of the step: all blocks and the head, as they lie in memory, by its own loops; and the same weights, all of
    them as float32 (`whole`), by these loops and by BLAS.
    """
    return {
        "loops": by_loops(*_of_step(compiled)),
        "float32_loops": by_loops(*_of_step(whole)),
        "blas": by_blas(*_of_step(whole)),
    }


def step_parts(compiled: CompiledClassifier) -> dict[str, Call]:
    """The products of each part of one block and of the head, by the step's loops; and one block's attention."""
    weights, products = _of_step(compiled)
    project, output, widen, narrow = products[:4]
    random, state = np.random.default_rng(0), compiled.init_state().encoder
    projected = random.normal(size=compiled.sizes.projected).astype(np.float32)
    mixed = np.empty(compiled.config.width, np.float32)
    attention, positions = kept(_attention), count()

    def attend_once() -> None:
        block = compiled.blocks[0], state.floats[0, 0], state.doubles[0, 0]
        attention(compiled.plan, *block, projected, mixed, next(positions))

    return {
        "projections": by_loops(weights, [project, output]),
        "attention": attend_once,
        "feed_forward": by_loops(weights, [widen, narrow]),
        "head": by_loops(weights, products[-1:]),
    }


def by_loops(weights: Floats, products: Sequence[Product]) -> Call:
    """One after the other, in one compiled call."""
    loops, table = kept(_multiply), np.array(products, np.int64)
    inputs = np.random.default_rng(0).normal(size=max(each.rows * each.width for each in products)).astype(np.float32)
    outputs = np.zeros(max(each.rows * each.outputs for each in products), np.float32)
    in_lines: Floats = aligned(weights.shape, np.float32)
    in_lines[:] = weights
    return lambda: loops(table, in_lines, inputs, outputs)


def by_blas(weights: Floats, products: Sequence[Product]) -> Call:
    """The same of float32 weights."""
    random, pieces = np.random.default_rng(0), []
    for _, begin, rows, width, many in products:
        right = weights[begin : begin + width * many].reshape(width, many)
        left = random.normal(size=(rows, width) if rows > 1 else width).astype(np.float32)
        pieces.append((left, right, np.empty((rows, many) if rows > 1 else many, np.float32)))

    def multiply() -> None:
        for left, right, product in pieces:
            np.dot(left, right, out=product)

    return multiply


def _of_stem(part: CompiledClassifier) -> tuple[Floats, list[Product]]:
    """All weights; a product for each convolution, whose taps are neighbours, and that of the projection."""
    stem, d, products = part.tokenizing, part.config.width, []
    for layer in stem.plan.tolist():
        width = TAPS * layer[KERNEL_BANDS] * layer[CHANNELS_IN]
        products.append(Product(0, layer[WEIGHTS_AT], layer[BANDS_OUT], width, layer[CHANNELS_OUT]))
    features = products[-1].rows * products[-1].outputs
    products.append(Product(stem.halves, len(stem.weights), 1, features, d))
    return np.concatenate([stem.weights, stem.projection[d:]]), products


def _of_step(part: CompiledClassifier) -> tuple[Floats, list[Product]]:
    """All weights; the four products of each block, and that of the head."""
    sizes, at, products = part.sizes, part.weights_at, []
    d, wide = sizes.width, sizes.feed_forward
    for begin in range(0, part.blocks.size, part.blocks.shape[1]):
        products += [
            Product(0, begin + at.project, 1, d, sizes.projected),
            Product(sizes.halves, begin + at.output, 1, d, d),
            Product(sizes.halves, begin + at.widen, 1, d, wide),
            Product(sizes.halves, begin + at.narrow, 1, wide, d),
        ]
    products.append(Product(0, part.blocks.size + part.head_at.weight, 1, d, sizes.outputs))
    return np.concatenate([part.blocks.ravel(), part.head]), products


def _multiply(table: Any, weights: Floats, inputs: Floats, outputs: Floats) -> None:
    for number in range(len(table)):
        halves, begin, rows, width, count = table[number]
        accumulate_rows(halves, weights[begin:], inputs, width, outputs, rows, width, count)


def _attention(
    plan: Any, w: Floats, floats: Floats, doubles: Any, projected: Floats, mixed: Floats, position: int
) -> None:
    sizes, at, _, state_at = read_plan(plan)
    attend(projected, floats, doubles, w[at.inverse : at.end], mixed, position, sizes, state_at)


def _dot(weights: NDArray[np.float64], powers: NDArray[np.float64]) -> float:
    total = 0.0
    for i in range(len(weights)):
        total += weights[i] * powers[i]
    return total
