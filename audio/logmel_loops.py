"""Log-mel frames as loops that numba compiles and vectorises: in one call what audio/logmel.py does by numpy.

Only who compiles it imports this file, since it needs numba. Nothing of the front end's sizes is compiled in: what was
compiled once stays true when a constant changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Doubles = NDArray[np.float64]

OPTIONS: dict[str, Any] = {
    "fastmath": True,
    "error_model": "numpy",  # a check of every division would stop loops from vectorising
    "_nrt": False,  # nothing is allocated, and nobody counts references to slices
}


def part(function: Function) -> Function:
    """Compiled with what calls it."""
    return cast(Function, njit(**OPTIONS)(function))


def log_mel_frames(
    samples: NDArray[np.float32],
    numbers: Doubles,
    places: NDArray[np.int64],
    work: Doubles,
    frames: NDArray[np.float32],
) -> None:
    """Samples from the first one of the first frame on -> frames (T, bands) dB.

    numbers, places: see LogMelTables. work: (WORK_LENGTH,) of any content, for this call alone.
    """
    hop, count, end = places[0], places[2], places[4]
    window, unpacking, weights, floor_power = numbers[:end], places[8], places[9], numbers[places[10]]
    bands, points = places[11:], end // 2
    real, imaginary = work[:points], work[points : 2 * points]
    other_real, other_imaginary = work[2 * points : 3 * points], work[3 * points : 4 * points]
    power = work[4 * points :]
    for t in range(len(frames)):
        pack(samples[t * hop : t * hop + end], window, real, imaginary)
        transform(numbers, places, real, imaginary, other_real, other_imaginary)
        unpack(real, imaginary, numbers[unpacking:weights], power)
        measure(power, numbers[weights:], bands, count, floor_power, frames[t])


@part
def pack(span: NDArray[np.float32], window: Doubles, real: Doubles, imaginary: Doubles) -> None:
    """Samples under the window, even ones and odd ones."""
    for i in range(len(real)):
        real[i] = window[2 * i] * np.float64(span[2 * i])
        imaginary[i] = window[2 * i + 1] * np.float64(span[2 * i + 1])


@part
def transform(
    numbers: Doubles,
    places: NDArray[np.int64],
    real: Doubles,
    imaginary: Doubles,
    other_real: Doubles,
    other_imaginary: Doubles,
) -> None:
    """The Fourier transform of `real` and `imaginary`, in place; the others are working space."""
    columns, rows = places[1], len(real) // places[1]
    first, second = numbers[places[4] : places[5]], numbers[places[5] : places[6]]
    third, twiddles = numbers[places[6] : places[7]], numbers[places[7] : places[8]]
    turn(real, imaginary, first, columns, other_real, other_imaginary)
    turn(other_real, other_imaginary, second, 4 * columns, real, imaginary)
    turn(real, imaginary, third, 16 * columns, other_real, other_imaginary)
    transpose(other_real, other_imaginary, twiddles, columns, real, imaginary)
    turn(real, imaginary, second, rows, other_real, other_imaginary)
    turn(other_real, other_imaginary, third, 4 * rows, real, imaginary)


@part
def turn(
    real: Doubles, imaginary: Doubles, factors: Doubles, side: int, out_real: Doubles, out_imaginary: Doubles
) -> None:
    """One step of radix 4 of Stockham's transform; `side` neighbours are turned alike."""
    quarter = len(real) // 4
    for p in range(quarter // side):
        c1, s1, c2, s2, c3, s3 = factors[6 * p : 6 * p + 6]
        a, to = side * p, 4 * side * p
        b, c, d = a + quarter, a + 2 * quarter, a + 3 * quarter
        ar, ai, br, bi = real[a : a + side], imaginary[a : a + side], real[b : b + side], imaginary[b : b + side]
        cr, ci, dr, di = real[c : c + side], imaginary[c : c + side], real[d : d + side], imaginary[d : d + side]
        out0r, out0i = out_real[to : to + side], out_imaginary[to : to + side]
        out1r, out1i = out_real[to + side : to + 2 * side], out_imaginary[to + side : to + 2 * side]
        out2r, out2i = out_real[to + 2 * side : to + 3 * side], out_imaginary[to + 2 * side : to + 3 * side]
        out3r, out3i = out_real[to + 3 * side : to + 4 * side], out_imaginary[to + 3 * side : to + 4 * side]
        for q in range(side):
            sum_real, sum_imaginary = ar[q] + cr[q], ai[q] + ci[q]
            difference_real, difference_imaginary = ar[q] - cr[q], ai[q] - ci[q]
            other_real, other_imaginary = br[q] + dr[q], bi[q] + di[q]
            turned_real, turned_imaginary = bi[q] - di[q], dr[q] - br[q]  # (b - d) times -i
            out0r[q] = sum_real + other_real
            out0i[q] = sum_imaginary + other_imaginary
            x, y = difference_real + turned_real, difference_imaginary + turned_imaginary
            out1r[q] = x * c1 - y * s1
            out1i[q] = x * s1 + y * c1
            x, y = sum_real - other_real, sum_imaginary - other_imaginary
            out2r[q] = x * c2 - y * s2
            out2i[q] = x * s2 + y * c2
            x, y = difference_real - turned_real, difference_imaginary - turned_imaginary
            out3r[q] = x * c3 - y * s3
            out3i[q] = x * s3 + y * c3


@part
def transpose(
    real: Doubles, imaginary: Doubles, twiddles: Doubles, columns: int, out_real: Doubles, out_imaginary: Doubles
) -> None:
    """(rows, columns) -> (columns, rows), each times its twiddle factor."""
    rows, points = len(real) // columns, len(real)
    for column in range(columns):
        first, last = column * rows, (column + 1) * rows
        c, s = twiddles[first:last], twiddles[points + first : points + last]
        to_real, to_imaginary = out_real[first:last], out_imaginary[first:last]
        from_real, from_imaginary = real[column:], imaginary[column:]
        for row in range(rows):
            x, y = from_real[row * columns], from_imaginary[row * columns]
            to_real[row] = x * c[row] - y * s[row]
            to_imaginary[row] = x * s[row] + y * c[row]


@part
def unpack(real: Doubles, imaginary: Doubles, factors: Doubles, power: Doubles) -> None:
    """The transform of packed samples -> the power spectrum of the samples (points + 1,)."""
    points = len(real)
    c, s = factors[: points // 2 + 1], factors[points // 2 + 1 :]
    power[0] = (real[0] + imaginary[0]) ** 2
    power[points] = (real[0] - imaginary[0]) ** 2
    for k in range(1, points // 2 + 1):
        a, b, x, y = real[k], imaginary[k], real[points - k], imaginary[points - k]
        even_real, even_imaginary, odd_real, odd_imaginary = a + x, b - y, b + y, x - a
        turned_real = c[k] * odd_real - s[k] * odd_imaginary
        turned_imaginary = c[k] * odd_imaginary + s[k] * odd_real
        power[k] = 0.25 * ((even_real + turned_real) ** 2 + (even_imaginary + turned_imaginary) ** 2)
        power[points - k] = 0.25 * ((even_real - turned_real) ** 2 + (even_imaginary - turned_imaginary) ** 2)


@part
def measure(
    power: Doubles,
    weights: Doubles,
    bands: NDArray[np.int64],
    count: int,
    floor_power: float,
    frame: NDArray[np.float32],
) -> None:
    """The power in every band, in dB."""
    at = 0
    for band in range(count):
        first, bins = bands[2 * band], bands[2 * band + 1]
        mine, theirs = weights[at : at + bins], power[first : first + bins]
        total = 0.0
        for i in range(bins):
            total += mine[i] * theirs[i]
        at += bins
        frame[band] = np.float32(10.0 * np.log10(max(total, floor_power)))
