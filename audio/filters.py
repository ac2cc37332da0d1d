"""The two filters of resampling, as streams: a steep one that halves the rate, and one from any rate to another."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.front_end import FrontEnd, SampleBuffer, Samples

TAPS_AT_ONCE = 8  # by the compiled half-band filter: a sum is loaded and stored once for so many multiply-adds
KERNEL_TAPS = 16  # a polyphase kernel has a multiple of these
OUTPUTS_AT_ONCE = 4096  # of the polyphase filter by numpy: what they are made of lies side by side in memory


class HalfBandDecimator:
    """Keeps every second sample behind a linear-phase low-pass with almost no transition band.

    A half-band filter: -6 dB at a quarter of the input rate, flat to `transition` / 2 below it, `attenuation`
    dB down from `transition` / 2 above it. Kaiser's formulas give its length. Every second tap but the middle
    one is zero, so the samples of even index are only halved and delayed and those of odd index are
    convolved. Output k is centred on input 2k: no shift in time, and the wait is half the filter's length.

    Outputs come in blocks of `block`, each convolved by itself, and so the same however the input is cut; the first
    block has only `first` of them, so outputs up to `first` + i `block` wait for no others. numpy
    convolves a block by one FFT (overlap-save), what `front_end` may have compiled tap by tap: they differ by rounding,
    more than 120 dB below the sound.
    """

    def __init__(
        self,
        input_rate: float,
        transition: float,
        attenuation: float,
        block: int,
        first: int,
        front_end: FrontEnd | None = None,
    ) -> None:
        """The first three fix the filter: `input_rate` and `transition` in Hz, `attenuation` in dB."""
        pairs = math.ceil(kaiser_length(attenuation, transition, input_rate) / 4)
        pairs += -pairs % (TAPS_AT_ONCE // 2)
        offsets = np.arange(-2 * pairs + 1, 2 * pairs, 2)  # odd distances from the middle tap, both sides
        taps = np.sinc(offsets / 2) * kaiser_window(offsets / (2 * pairs), attenuation)
        taps /= 2 * taps.sum()  # they sum to 1/2, and the middle tap is 1/2: the gain at 0 Hz is 1
        self._taps = taps.astype(np.float32)
        self._front_end = front_end or FrontEnd()
        self._reach = 2 * pairs - 1  # samples needed on either side of an output's centre
        self._block = block
        self._overlap = len(taps) - 1
        self._length = quick_length(block + self._overlap)
        self._response = np.fft.rfft(taps, self._length).astype(np.complex64)
        # What the compiled filter works in.
        self._odd, self._sums = np.empty(block + self._overlap, np.float32), np.empty(block, np.float32)
        # Silence before the first sample. Its length is odd, so buffer[0] is always a sample of odd index.
        self._buffer = SampleBuffer(3 * (self._reach + 2 * block), self._front_end)
        self._buffer.append(np.zeros(self._reach + 2 * (block - first), np.float32))
        self._leading = block - first  # outputs of that silence

    def push(self, samples: Samples) -> Samples:
        """(n,) samples -> the outputs of all blocks that they complete."""
        self._buffer.append(samples)
        count = self._complete // self._block
        if not count:
            return np.zeros(0, np.float32)
        used = count * self._block
        loops = self._front_end.loops
        if loops is None:
            outputs = self._convolve(count)
        else:
            outputs = np.empty(used, np.float32)
            loops.halve(self._buffer.samples, self._taps, self._block, self._odd, self._sums, outputs)
        self._buffer.drop(2 * used)
        leading, self._leading = self._leading, 0
        return outputs[leading:]

    def _convolve(self, count: int) -> Samples:
        """So many blocks of outputs, by FFT."""
        used, samples = count * self._block, self._buffer.samples
        odd = samples[: 2 * (used + self._overlap) : 2].copy()
        centres = samples[self._reach : self._reach + 2 * used : 2]
        pieces = sliding_window_view(odd, self._block + self._overlap)[:: self._block]
        spectra = np.fft.rfft(pieces, self._length) * self._response
        sides = np.fft.irfft(spectra, self._length)[:, self._overlap : self._overlap + self._block]
        outputs: Samples = sides.reshape(-1) + np.float32(0.5) * centres
        return outputs

    def finish(self) -> Samples:
        """The outputs still held back, as if silence followed."""
        self._buffer.append(np.zeros(self._reach, np.float32))
        left = self._complete - self._leading
        return self.push(np.zeros(2 * self._block, np.float32))[: max(0, left)]

    @property
    def _complete(self) -> int:
        """Outputs that can be computed from the buffer."""
        return max(0, (len(self._buffer) - 2 * self._reach - 1) // 2 + 1)


class PolyphaseResampler:
    """Every output is a piece of the input times a kernel: a sinc under Kaiser's window, centred on its moment.

    For a filter that may fall slowly: flat up to `passed` Hz, and `attenuation` dB down from `stopped` Hz on, where
    images of the input would be heard; Kaiser's formula says how many taps that takes. The rates are to each other as
    two whole numbers, `up` and `down`, and there are `up` kernels: one for each place between two samples that an
    output may have. Output k is the sound at k / to_rate seconds, and comes when half a kernel more has come.
    How the input is cut changes no bit.
    """

    def __init__(
        self,
        from_rate: int,
        to_rate: int,
        passed: float,
        stopped: float,
        attenuation: float,
        front_end: FrontEnd | None = None,
    ) -> None:
        common = math.gcd(from_rate, to_rate)
        self._up, self._down = to_rate // common, from_rate // common
        self._taps = math.ceil(kaiser_length(attenuation, stopped - passed, from_rate) / KERNEL_TAPS) * KERNEL_TAPS
        self._kernels = _kernels(self._up, self._taps, (passed + stopped) / from_rate, attenuation)
        self._front_end = front_end or FrontEnd()
        self._buffer = SampleBuffer(4 * self._taps, self._front_end)
        self._buffer.append(np.zeros(self._taps // 2 - 1, np.float32))  # silence before the first sample
        self._at = 0  # the place of the next output: behind the buffer's first kernel, in parts of a sample

    def push(self, samples: Samples) -> Samples:
        """(n,) samples -> all outputs that they complete."""
        self._buffer.append(samples)
        ready = (len(self._buffer) - self._taps + 1) * self._up - self._at
        outputs = np.empty(max(0, -(-ready // self._down)), np.float32)
        loops = self._front_end.loops
        compute = _interpolate if loops is None else loops.interpolate
        compute(self._buffer.samples, self._kernels, self._at, self._down, outputs)
        self._at += len(outputs) * self._down
        done = min(self._at // self._up, len(self._buffer))
        self._buffer.drop(done)
        self._at -= done * self._up
        return outputs

    def finish(self) -> Samples:
        """The outputs up to the end of the sound, as if silence followed."""
        return self.push(np.zeros(self._taps // 2, np.float32))


def _kernels(up: int, taps: int, cutoff: float, attenuation: float) -> Samples:
    """(up, taps): for outputs that lie 0, 1 / up, 2 / up ... of a sample behind the middle; cutoff: zeros of the
    sinc per sample, which is twice its frequency.

    They sum to 1 in the mean: the gain at 0 Hz is 1.
    """
    times = np.arange(taps) - (taps // 2 - 1) - np.arange(up)[:, np.newaxis] / up
    kernels = np.sinc(cutoff * times) * kaiser_window(times / (taps / 2), attenuation)
    scaled: Samples = (kernels * (up / kernels.sum())).astype(np.float32)
    return scaled


def _interpolate(samples: Samples, kernels: Samples, at: int, down: int, outputs: Samples) -> None:
    """By numpy what audio/loops.py does."""
    up, taps = kernels.shape
    if not len(outputs):
        return
    pieces = sliding_window_view(samples, taps)
    for begin in range(0, len(outputs), OUTPUTS_AT_ONCE):
        some = outputs[begin : begin + OUTPUTS_AT_ONCE]
        places = at + np.arange(begin, begin + len(some)) * down
        np.einsum("kt,kt->k", pieces[places // up], kernels[places % up], out=some)


def kaiser_length(attenuation: float, transition: float, rate: float) -> float:
    """How many taps at `rate` Hz take a filter `attenuation` dB down within `transition` Hz (Kaiser, 1974)."""
    return (attenuation - 7.95) / (2.285 * 2 * math.pi * transition / rate)


def kaiser_window(places: NDArray[np.float64], attenuation: float) -> NDArray[np.float64]:
    """At places from -1 to 1; nothing beyond. For a stop band `attenuation` dB down, 50 or more."""
    beta = 0.1102 * (attenuation - 8.7)
    window: NDArray[np.float64] = np.i0(beta * np.sqrt(np.maximum(0.0, 1 - places**2)))
    return window


def quick_length(least: int) -> int:
    """The smallest even length, not below `least`, whose FFT is quick: no prime factor above 5."""
    length = least + least % 2
    while 30 ** length.bit_length() % length:
        length += 2
    return length
