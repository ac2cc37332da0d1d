"""From a source's samples, at any rate, to log-mel frames: the whole front end as one stream."""

from __future__ import annotations

import math

import numpy as np

from audio.filters import HalfBandDecimator, PolyphaseResampler
from audio.front_end import FFT_LENGTH, HOP, SAMPLE_RATE, FrontEnd, Samples, silence_invalid
from audio.logmel import StreamingLogMel

DOUBLED = 2 * SAMPLE_RATE
TRANSITION = 125.0  # Hz around 11 025 Hz in which the half-band filter falls from 0 to STOP_BAND
STOP_BAND = 80.0  # dB
HEARD = (SAMPLE_RATE + TRANSITION) / 2  # Hz, above which the half-band filter leaves nothing
IMAGES = 100.0  # dB down is what resampling to DOUBLED may add below HEARD
MOST_KERNELS = 1000  # of one polyphase filter


class FrameStream:
    """Mono samples at `sample_rate` Hz in, (k, BANDS) float32 log-mel frames in dB out.

    invalid_samples: how many so far were NaN, infinite or louder than LOUDEST. They count as silence: one of them would
    otherwise spoil every frame that it touches, and the model's state for as long as its window is.
    """

    def __init__(self, sample_rate: int, front_end: FrontEnd | None = None) -> None:
        self._front_end = front_end or FrontEnd()
        self._resampler = StreamingResampler(sample_rate, self._front_end)
        self._log_mel = StreamingLogMel(self._front_end)
        self.invalid_samples = 0

    def push(self, samples: Samples) -> Samples:
        """(n,) float32 samples -> (k, BANDS), the frames that they complete; k may be 0."""
        if invalid := self._front_end.count_invalid(samples):
            self.invalid_samples += invalid
            samples = silence_invalid(samples)
        return self._log_mel.push(self._resampler.push(samples))

    def finish(self) -> Samples:
        """The frames still held back when the sound has ended. Call it once, last.

        What does not fill a frame is left out, not padded: sound shorter than one frame gives no frame.
        """
        return self._log_mel.push(self._resampler.finish())


class StreamingResampler:
    """`from_rate` Hz -> SAMPLE_RATE, within 0.1 dB in every mel band; the same bits when the rates are equal.

    In two steps: to twice SAMPLE_RATE, where the samples do not have that already, then a steep half-band filter. The
    first step may be coarse above HEARD, and a few taps do it. Only rates below 2 HEARD want a steep one, and those
    that have little in common with ours too many kernels: for these there is soxr (HQ). soxr alone would begin to fall
    at 0.91 of the new Nyquist frequency, which takes 0.2, 4 and 17 dB from the three highest mel bands.

    Time stays: output k is the sound at k / SAMPLE_RATE seconds. Outputs come a hop at a time, up to the end of a
    frame, and that comes 20 ms late from 22 175 Hz up, and up to 150 ms late at 8 000 Hz.
    """

    def __init__(self, from_rate: int, front_end: FrontEnd | None = None) -> None:
        self._steps: list[PolyphaseResampler | _Soxr | HalfBandDecimator] = []  # none: the rates are equal
        if from_rate not in (SAMPLE_RATE, DOUBLED):
            few_kernels = DOUBLED // math.gcd(from_rate, DOUBLED) <= MOST_KERNELS
            self._steps.append(
                PolyphaseResampler(from_rate, DOUBLED, HEARD, DOUBLED - HEARD, IMAGES, front_end)
                if from_rate >= 2 * HEARD and few_kernels
                else _Soxr(from_rate)
            )
        if from_rate != SAMPLE_RATE:
            self._steps.append(HalfBandDecimator(DOUBLED, TRANSITION, STOP_BAND, HOP, FFT_LENGTH % HOP, front_end))

    def push(self, samples: Samples) -> Samples:
        """(n,) samples at `from_rate` -> (k,) samples at SAMPLE_RATE; k may be 0."""
        for step in self._steps:
            samples = step.push(samples)
        return samples

    def finish(self) -> Samples:
        """What is still held back when no more samples come. Call it once, last."""
        samples = np.zeros(0, np.float32)
        for step in self._steps:
            samples = np.concatenate([step.push(samples), step.finish()])
        return samples


class _Soxr:
    """soxr (HQ) to DOUBLED, with the methods of a PolyphaseResampler."""

    def __init__(self, from_rate: int) -> None:
        import soxr

        self._stream = soxr.ResampleStream(from_rate, DOUBLED, 1, dtype="float32", quality="HQ")

    def push(self, samples: Samples, last: bool = False) -> Samples:
        made: Samples = self._stream.resample_chunk(samples, last=last)
        return made

    def finish(self) -> Samples:
        return self.push(np.zeros(0, np.float32), last=True)
