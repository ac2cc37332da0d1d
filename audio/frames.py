"""From a source's samples, at any rate, to log-mel frames: the whole front end as one stream."""

from __future__ import annotations

import numpy as np

from audio.front_end import BANDS, FFT_LENGTH, HOP, LOUDEST, SAMPLE_RATE, Samples, silence_invalid
from audio.logmel import StreamingLogMel


class FrameStream:
    """Mono samples at `sample_rate` Hz in, (k, BANDS) float32 log-mel frames in dB out.

    invalid_samples: how many so far were NaN, infinite or louder than LOUDEST. They count as silence: one of them would
    otherwise spoil every frame that it touches, and the model's state for as long as its window is.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._resampler = StreamingResampler(sample_rate)
        self._log_mel = StreamingLogMel()
        self._waiting: list[Samples] = []
        self._samples = self._frames = 0  # that came, and that were given
        self.invalid_samples = 0

    def push(self, samples: Samples) -> Samples:
        """(n,) float32 samples -> (k, BANDS), the frames that they complete; k may be 0. They must not change later.

        They wait until they may complete a frame: each call of numpy and soxr gives the interpreter away, and beside a
        window that is drawn it takes a while until it comes back.
        """
        self._waiting.append(samples)
        self._samples += len(samples)
        if self._samples * SAMPLE_RATE < (self._frames * HOP + FFT_LENGTH) * self._rate:
            return np.empty((0, BANDS), np.float32)
        frames = self._compute()
        self._frames += len(frames)
        return frames

    def _compute(self) -> Samples:
        """The frames that all that waits completes."""
        samples = np.concatenate([np.zeros(0, np.float32), *self._waiting])
        self._waiting.clear()
        if not -LOUDEST <= samples.min(initial=0) <= samples.max(initial=0) <= LOUDEST:  # also for NaN
            silenced = silence_invalid(samples)
            self.invalid_samples += int(np.count_nonzero(silenced != samples))
            samples = silenced
        return self._log_mel.push(self._resampler.push(samples))

    def finish(self) -> Samples:
        """The frames still held back when the sound has ended. Call it once, last.

        What does not fill a frame is left out, not padded: sound shorter than one frame gives no frame.
        """
        return np.concatenate([self._compute(), self._log_mel.push(self._resampler.finish())])


class StreamingResampler:
    """`from_rate` Hz -> SAMPLE_RATE by soxr (HQ); the same bits when the rates are equal.

    soxr's low-pass begins to fall at 0.91 of the new Nyquist frequency, above all BANDS: they stay within 0.1 dB. Time
    stays, too: output k is the sound at k / SAMPLE_RATE seconds.
    """

    def __init__(self, from_rate: int) -> None:
        self._stream = None
        if from_rate != SAMPLE_RATE:
            import soxr

            self._stream = soxr.ResampleStream(from_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def push(self, samples: Samples) -> Samples:
        """(n,) samples at `from_rate` -> (k,) samples at SAMPLE_RATE; k may be 0."""
        return self._resample(samples, last=False)

    def finish(self) -> Samples:
        """What is still held back when no more samples come. Call it once, last."""
        return self._resample(np.zeros(0, np.float32), last=True)

    def _resample(self, samples: Samples, last: bool) -> Samples:
        if self._stream is None:
            return samples
        resampled: Samples = self._stream.resample_chunk(samples, last=last)
        return resampled
