"""Half the sample rate with almost no transition band: what lets the top mel bands survive resampling."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audio.front_end import CompiledHalving, FrontEnd
from audio.halfband_loops import AT_ONCE
from audio.kaiser import kaiser_length, kaiser_window
from audio.sample_buffer import SampleBuffer
from audio.spans import spans


class HalfBandDecimator:
    """Keeps every second sample behind a linear-phase low-pass, as a stream.

    A half-band filter: -6 dB at a quarter of the input rate, flat to `transition` / 2 below it, `attenuation`
    dB down from `transition` / 2 above it. Kaiser's formulas give its length. Every second tap but the middle
    one is zero, so the samples of even index are only halved and delayed and those of odd index are
    convolved. Output k is centred on input 2k: no shift in time, and the wait is half the filter's length.

    Outputs come in blocks of `block`, each convolved by itself, and so the same however the input is cut; the first
    block has only `first` of them. Who needs outputs up to `first` + i `block` waits no longer for that. numpy
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
        pairs += -pairs % (AT_ONCE // 2)
        offsets = np.arange(-2 * pairs + 1, 2 * pairs, 2)  # odd distances from the middle tap, both sides
        taps = np.sinc(offsets / 2) * kaiser_window(offsets / (2 * pairs), attenuation)
        taps /= 2 * taps.sum()  # they sum to 1/2, and the middle tap is 1/2: the gain at 0 Hz is 1
        self._taps = taps.astype(np.float32)
        self._front_end = front_end or FrontEnd()
        self._compiled: CompiledHalving | None = None
        self._reach = 2 * pairs - 1  # samples needed on either side of an output's centre
        self._block = block
        self._overlap = len(taps) - 1
        self._length = quick_length(block + self._overlap)
        self._response = np.fft.rfft(taps, self._length).astype(np.complex64)
        # Silence before the first sample. Its length is odd, so buffer[0] is always a sample of odd index.
        self._buffer = SampleBuffer(3 * (self._reach + 2 * block), self._front_end)
        self._buffer.append(np.zeros(self._reach + 2 * (block - first), np.float32))
        self._unheard = block - first  # outputs of that silence

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples -> the outputs of all blocks that they complete."""
        if not len(samples):
            return samples
        self._buffer.append(samples)
        count = self._complete // self._block
        if not count:
            return np.zeros(0, np.float32)
        used = count * self._block
        if self._compiled is None:
            self._compiled = self._front_end.compiled_halving(self._taps, self._block)
        if self._compiled is None:
            outputs = self._convolve(count)
        else:
            outputs = np.empty(used, np.float32)
            self._compiled(self._buffer.samples, outputs)
        self._buffer.drop(2 * used)
        heard, self._unheard = outputs[self._unheard :], 0
        return heard

    def _convolve(self, count: int) -> NDArray[np.float32]:
        """So many blocks of outputs, by FFT."""
        used, samples = count * self._block, self._buffer.samples
        odd = samples[: 2 * (used + self._overlap) : 2].copy()
        centres = samples[self._reach : self._reach + 2 * used : 2]
        pieces = spans(odd, count, self._block + self._overlap, self._block)
        spectra = np.fft.rfft(pieces, self._length) * self._response
        sides = np.fft.irfft(spectra, self._length)[:, self._overlap : self._overlap + self._block]
        outputs: NDArray[np.float32] = sides.reshape(-1) + np.float32(0.5) * centres
        return outputs

    def finish(self) -> NDArray[np.float32]:
        """The outputs still held back, as if silence followed."""
        self._buffer.append(np.zeros(self._reach, np.float32))
        left = self._complete - self._unheard
        return self.push(np.zeros(2 * self._block, np.float32))[: max(0, left)]

    @property
    def wanted(self) -> int:
        """Samples that the next block lacks."""
        return max(0, 2 * (self._block + self._reach) - 1 - len(self._buffer))

    @property
    def _complete(self) -> int:
        """Outputs that can be computed from the buffer."""
        return max(0, (len(self._buffer) - 2 * self._reach - 1) // 2 + 1)


def quick_length(least: int) -> int:
    """The smallest even length, not below `least`, whose FFT is quick: no prime factor above 5."""
    length = least + least % 2
    while 30 ** length.bit_length() % length:
        length += 2
    return length
