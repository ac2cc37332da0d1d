"""From a source's samples to log-mel frames: the whole front end as one stream."""

from __future__ import annotations

import numpy as np

from audio.front_end import FrontEnd, SampleBuffer, Samples
from audio.logmel import StreamingLogMel
from audio.resample import StreamingResampler
from audio.spec import BANDS, FFT_LENGTH, SAMPLE_RATE


class FrameStream:
    """Mono samples at `sample_rate` Hz in, (k, BANDS) float32 log-mel frames in dB out.

    Samples are kept as they are until there may be enough for a frame, and then processed together: many small
    operations take longer than one, and each may release the GIL, which a busy window then keeps for a while.

    invalid_samples: how many of those processed so far were NaN or infinite. They count as silence: one of them would
    otherwise spoil every frame that it touches, and the model's state for as long as its window is.
    """

    def __init__(self, sample_rate: int, front_end: FrontEnd | None = None) -> None:
        front_end = front_end or FrontEnd()
        self._resampler = StreamingResampler(sample_rate, front_end)
        self._log_mel = StreamingLogMel(front_end)
        self._kept: list[Samples] = []
        self._joined = SampleBuffer(2 * FFT_LENGTH * sample_rate // SAMPLE_RATE, front_end)
        self._front_end = front_end
        self._lacking = 0  # samples, before there can be a frame
        self.invalid_samples = 0

    def push(self, samples: Samples) -> Samples:
        """(n,) samples, which must not change later -> (k, BANDS), the frames that they complete; k may be 0."""
        self._kept.append(samples)
        self._lacking -= len(samples)
        if self._lacking > 0:
            return np.empty((0, BANDS), np.float32)
        frames = self._process()
        self._lacking = self._resampler.wanted(self._log_mel.wanted)
        return frames

    def finish(self) -> Samples:
        """The frames still held back when the sound has ended. Call it once, last.

        What does not fill a frame is left out, not padded: sound shorter than one frame gives no frame.
        """
        return np.concatenate([self._process(), self._log_mel.push(self._resampler.finish())])

    def _process(self) -> Samples:
        for samples in self._kept:
            self._joined.append(samples)
        self._kept.clear()
        samples = self._joined.samples
        invalid = self._front_end.count_invalid(samples)
        if invalid:
            self.invalid_samples += invalid
            samples[~np.isfinite(samples)] = 0.0
        frames = self._log_mel.push(self._resampler.push(samples))
        self._joined.drop(len(samples))
        return frames
