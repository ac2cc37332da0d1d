"""From a source's samples to log-mel frames: the whole front end as one stream."""

from __future__ import annotations

import numpy as np

from audio.front_end import FrontEnd, Samples
from audio.logmel import StreamingLogMel
from audio.resample import StreamingResampler


class FrameStream:
    """Mono samples at `sample_rate` Hz in, (k, BANDS) float32 log-mel frames in dB out.

    invalid_samples: how many so far were NaN or infinite. They count as silence: one of them would otherwise spoil
    every frame that it touches, and the model's state for as long as its window is.
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
            samples = np.where(np.isfinite(samples), samples, np.float32(0.0))
        return self._log_mel.push(self._resampler.push(samples))

    def finish(self) -> Samples:
        """The frames still held back when the sound has ended. Call it once, last.

        What does not fill a frame is left out, not padded: sound shorter than one frame gives no frame.
        """
        return self._log_mel.push(self._resampler.finish())
