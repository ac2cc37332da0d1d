"""From one sample rate to another, as a stream, where the filter between them may fall slowly."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audio.front_end import FrontEnd
from audio.kaiser import kaiser_length, kaiser_window
from audio.sample_buffer import SampleBuffer
from audio.spans import spans

AT_ONCE = 16  # taps; a kernel has a multiple of these
OUTPUTS_AT_ONCE = 4096  # by numpy: what they are made of lies side by side in memory


class PolyphaseResampler:
    """Every output is a piece of the input times a kernel: a sinc under Kaiser's window, centred on its moment.

    Flat up to `passed` Hz, and `attenuation` dB down from `stopped` Hz on, where images of the input would be heard;
    Kaiser's formula says how many taps that takes. The rates are to each other as two whole numbers, `up` and `down`,
    and there are `up` kernels: one for each place between two samples that an output may have. Output k is the sound
    at k / to_rate seconds, and comes when half a kernel more has been heard. How the input is cut changes no bit.
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
        self._taps = math.ceil(kaiser_length(attenuation, stopped - passed, from_rate) / AT_ONCE) * AT_ONCE
        self._kernels = _kernels(self._up, self._taps, (passed + stopped) / from_rate, attenuation)
        self._front_end = front_end or FrontEnd()
        self._buffer = SampleBuffer(4 * self._taps, self._front_end)
        self._buffer.append(np.zeros(self._taps // 2 - 1, np.float32))  # silence before the first sample
        self._at = 0  # the place of the next output: behind the buffer's first kernel, in parts of a sample
        self._heard = self._made = 0  # samples

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) samples -> all outputs that they complete."""
        self._buffer.append(samples)
        self._heard += len(samples)
        ready = (len(self._buffer) - self._taps + 1) * self._up - self._at
        outputs = np.empty(max(0, -(-ready // self._down)), np.float32)
        loops = self._front_end.loops
        compute = interpolate if loops is None else loops.interpolate
        compute(self._buffer.samples, self._kernels, self._at, self._down, outputs)
        self._at += len(outputs) * self._down
        done = min(self._at // self._up, len(self._buffer))
        self._buffer.drop(done)
        self._at -= done * self._up
        self._made += len(outputs)
        return outputs

    def wanted(self, outputs: int) -> int:
        """How many samples must come before so many outputs more are made."""
        last = (self._made + outputs - 1) * self._down // self._up
        return max(0, last + self._taps // 2 + 1 - self._heard)

    def finish(self) -> NDArray[np.float32]:
        """The outputs up to the end of the sound, as if silence followed."""
        return self.push(np.zeros(self._taps // 2, np.float32))


def _kernels(up: int, taps: int, cutoff: float, attenuation: float) -> NDArray[np.float32]:
    """(up, taps): for outputs that lie 0, 1 / up, 2 / up ... of a sample behind the middle; cutoff: zeros of the
    sinc per sample, which is twice its frequency.

    They sum to 1 in the mean: the gain at 0 Hz is 1.
    """
    times = np.arange(taps) - (taps // 2 - 1) - np.arange(up)[:, np.newaxis] / up
    kernels = np.sinc(cutoff * times) * kaiser_window(times / (taps / 2), attenuation)
    scaled: NDArray[np.float32] = (kernels * (up / kernels.sum())).astype(np.float32)
    return scaled


def interpolate(
    samples: NDArray[np.float32], kernels: NDArray[np.float32], at: int, down: int, outputs: NDArray[np.float32]
) -> None:
    """By numpy what audio/polyphase_loops.py does."""
    up, taps = kernels.shape
    pieces = spans(samples, max(0, len(samples) - taps + 1), taps, 1)
    for begin in range(0, len(outputs), OUTPUTS_AT_ONCE):
        some = outputs[begin : begin + OUTPUTS_AT_ONCE]
        places = at + np.arange(begin, begin + len(some)) * down
        np.einsum("kt,kt->k", pieces[places // up], kernels[places % up], out=some)
