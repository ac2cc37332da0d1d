"""The front end's loops that numba compiles and vectorises: what logmel.py, filters.py and front_end.py do by numpy.

Nothing in them releases the GIL, which a busy window would then keep for a while. Callers must JIT them: as plain
Python they would take seconds. Only this file of the package imports numba. No size of the front end is compiled in:
what was compiled once stays true when a constant changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from audio.filters import TAPS_AT_ONCE
from audio.frames import FrameStream
from audio.front_end import FFT_LENGTH, LOUDEST, Doubles, FrontEnd, Loops, Samples

Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS: dict[str, Any] = {
    "fastmath": True,
    "error_model": "numpy",  # a check of every division would stop loops from vectorising
    "_nrt": False,  # nothing is allocated, and no references to slices are counted
}
TAPS_SUMMED = 8 * TAPS_AT_ONCE  # by themselves, so that an output is not rounded at every tap
MAGNITUDE = np.int32(0x7FFFFFFF)  # all bits of a float32 but its sign; as integers they are in the order of size
LOUDEST_BITS = np.float32(LOUDEST).view(np.int32)  # those of infinity and NaN are larger


def compile_loops(compiler: Callable[[Callable[..., Any]], Any]) -> Loops:
    """All of them by `compiler`, such as `njit(**OPTIONS)`; all are called, so that later calls compile nothing."""
    functions = log_mel_frames, halve_blocks, interpolate, copy_samples, count_invalid
    loops = Loops(*(compiler(function) for function in functions))
    FrameStream(48_000, FrontEnd(loops)).push(np.zeros(8 * FFT_LENGTH, np.float32))
    return loops


def part(function: Function) -> Function:
    """Compile it together with its caller."""
    return cast(Function, njit(**OPTIONS)(function))


def log_mel_frames(
    samples: Samples, numbers: Doubles, places: NDArray[np.int64], work: Doubles, frames: Samples
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
def pack(span: Samples, window: Doubles, real: Doubles, imaginary: Doubles) -> None:
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
    """One step of radix 4 of Stockham's transform; `side` neighbours share their factors."""
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
    """The transform of packed samples -> the power spectrum (points + 1,) of the samples less their mean."""
    points = len(real)
    c, s = factors[: points // 2 + 1], factors[points // 2 + 1 :]
    offset = real[0] + imaginary[0]
    power[0] = 0.0
    power[points] = (real[0] - imaginary[0]) ** 2
    for k in range(1, points // 2 + 1):
        a, b, x, y = real[k], imaginary[k], real[points - k], imaginary[points - k]
        even_real, even_imaginary, odd_real, odd_imaginary = a + x, b - y, b + y, x - a
        turned_real = c[k] * odd_real - s[k] * odd_imaginary
        turned_imaginary = c[k] * odd_imaginary + s[k] * odd_real
        steady = offset if k == 1 else 0.0  # see StreamingLogMel; these numbers are twice those of the spectrum
        power[k] = 0.25 * ((even_real + turned_real + steady) ** 2 + (even_imaginary + turned_imaginary) ** 2)
        power[points - k] = 0.25 * ((even_real - turned_real) ** 2 + (even_imaginary - turned_imaginary) ** 2)


@part
def measure(
    power: Doubles,
    weights: Doubles,
    bands: NDArray[np.int64],
    count: int,
    floor_power: float,
    frame: Samples,
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


def halve_blocks(samples: Samples, taps: Samples, block: int, odd: Samples, sums: Samples, outputs: Samples) -> None:
    """The half-band filter: samples from the first neighbour of the first output on -> outputs, whole blocks.

    taps: the outer ones that are not zero, a multiple of TAPS_AT_ONCE; the middle one is 1/2. odd (block + taps - 1,)
    and sums (block,): of any content, for this call alone.
    """
    length = len(taps)
    for begin in range(0, len(outputs), block):
        source, halved = samples[2 * begin :], outputs[begin : begin + block]
        for i in range(block + length - 1):
            odd[i] = source[2 * i]
        for i in range(block):
            halved[i] = np.float32(0.5) * source[length - 1 + 2 * i]
        for first in range(0, length, TAPS_SUMMED):
            for i in range(block):
                sums[i] = np.float32(0.0)
            for k in range(first, min(first + TAPS_SUMMED, length), TAPS_AT_ONCE):
                t0, t1, t2, t3 = taps[k], taps[k + 1], taps[k + 2], taps[k + 3]
                t4, t5, t6, t7 = taps[k + 4], taps[k + 5], taps[k + 6], taps[k + 7]
                near = odd[k : k + block + TAPS_AT_ONCE - 1]
                for i in range(block):
                    low = near[i] * t0 + near[i + 1] * t1 + (near[i + 2] * t2 + near[i + 3] * t3)
                    high = near[i + 4] * t4 + near[i + 5] * t5 + (near[i + 6] * t6 + near[i + 7] * t7)
                    sums[i] += low + high
            for i in range(block):
                halved[i] += sums[i]


def interpolate(samples: Samples, kernels: Samples, at: int, down: int, outputs: Samples) -> None:
    """Output k = the taps from sample (at + k down) // up on, times kernel (at + k down) % up of kernels (up, taps)."""
    up, taps = kernels.shape
    first, phase = at // up, at % up
    samples_on, phases_on = down // up, down % up
    for k in range(len(outputs)):
        near, kernel = samples[first : first + taps], kernels[phase]
        total = np.float32(0.0)
        for j in range(taps):
            total += near[j] * kernel[j]
        outputs[k] = total
        first, phase = first + samples_on, phase + phases_on
        if phase >= up:
            first, phase = first + 1, phase - up


def copy_samples(samples: Samples, place: Samples) -> None:
    """place (n,) = samples (n,), which may overlap with it if they lie behind it."""
    for i in range(len(place)):
        place[i] = samples[i]


def count_invalid(samples: Samples) -> int:
    """How many are NaN, infinite or louder than LOUDEST; by their bits, since fastmath assumes that all are finite."""
    count = 0
    for i in range(len(samples)):
        count += int((np.float32(samples[i]).view(np.int32) & MAGNITUDE) > LOUDEST_BITS)
    return count
