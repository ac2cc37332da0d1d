"""The bounds of the parts of a frame: of each nothing but the transform or the products that it cannot do without.

Not in them: windows, levels, norms, activations, attention, logarithms, the calls and whatever is passed on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from audio.logmel import POINTS, WORK_LENGTH, log_mel_tables
from audio.loops import transform
from audio.mel import BINS
from model.compiled.arithmetic import OPTIONS, Floats
from model.compiled.classifier import CompiledClassifier
from model.compiled.products import accumulate_either, accumulate_rows
from model.compiled.stem import BANDS_OUT, CHANNELS_IN, CHANNELS_OUT, KERNEL_BANDS, STRIDE, TAPS, WEIGHTS_AT

Call = Callable[[], object]


def transforms() -> dict[str, Call]:
    """Of log-mel: one transform of a frame, by these loops and by numpy, each with the products of the mel bands."""
    random, tables = np.random.default_rng(0), log_mel_tables()
    samples, work = random.normal(size=2 * POINTS), random.normal(size=WORK_LENGTH)
    spectrum = np.empty(BINS, np.complex128)
    weights = tables.numbers[tables.places[9] : tables.places[10]].copy()
    powers = random.normal(size=len(weights))
    loops = njit(**OPTIONS)(bare_transform)
    products = njit(**OPTIONS)(multiply)

    def by_loops() -> None:
        loops(tables.numbers, tables.places, work)
        products(weights, powers)

    def by_numpy() -> None:
        np.fft.rfft(samples, out=spectrum)
        products(weights, powers)

    return {
        "transform_loops": by_loops,
        "transform_numpy": by_numpy,
    }


def stem_products(compiled: CompiledClassifier, whole: CompiledClassifier) -> dict[str, Call]:
    """Of the stem: the products of its convolutions' own weights and of the projection, by these loops and by BLAS.

    `whole`: the same with all weights as float32, for BLAS.
    """
    random, part = np.random.default_rng(0), compiled.tokenizing
    longest = max(int(row[BANDS_OUT] * row[CHANNELS_OUT]) for row in part.plan)
    widest = max(int((row[BANDS_OUT] * STRIDE + row[KERNEL_BANDS]) * row[CHANNELS_IN]) for row in part.plan)
    inputs, outputs = (random.normal(size=size).astype(np.float32) for size in (widest + longest, longest))
    token = np.zeros(compiled.config.width, np.float32)
    features = int(part.plan[-1][BANDS_OUT] * part.plan[-1][CHANNELS_OUT])
    loops = njit(**OPTIONS)(convolve)
    pieces = []
    for row in part.plan:
        width, count = TAPS * int(row[KERNEL_BANDS] * row[CHANNELS_IN]), int(row[CHANNELS_OUT])
        weights = part.weights[row[WEIGHTS_AT] : row[WEIGHTS_AT] + width * count].reshape(width, count)
        gathered = random.normal(size=(int(row[BANDS_OUT]), width)).astype(np.float32)
        pieces.append((gathered, weights, np.empty((len(gathered), count), np.float32)))
    projection = whole.tokenizing.projection[len(token) :].reshape(features, -1)
    pieces.append(
        (random.normal(size=(1, features)).astype(np.float32), projection, np.empty((1, len(token)), np.float32))
    )

    def blas() -> None:
        for gathered, weights, products in pieces:
            np.dot(gathered, weights, out=products)

    flat = part.projection[len(token) :]
    return {
        "stem_loops": lambda: loops(part.plan, part.weights, part.halves, flat, inputs, outputs, token, features),
        "stem_blas": blas,
    }


def bare_transform(numbers: NDArray[np.float64], places: NDArray[np.int64], work: NDArray[np.float64]) -> None:
    """What audio.loops.log_mel_frames does between window and power."""
    real, imaginary = work[:POINTS], work[POINTS : 2 * POINTS]
    for i in range(POINTS):
        real[i] = imaginary[i] = 1.0  # the transform of a transform of a transform overflows
    transform(numbers, places, real, imaginary, work[2 * POINTS : 3 * POINTS], work[3 * POINTS : 4 * POINTS])


def multiply(weights: NDArray[np.float64], powers: NDArray[np.float64]) -> float:
    total = 0.0
    for i in range(len(weights)):
        total += weights[i] * powers[i]
    return total


def convolve(
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
            accumulate_rows(part, inputs, STRIDE * channels, outputs, rows, width, count)
    accumulate_either(halves, projection, outputs, features, token, 1, features, len(token))
