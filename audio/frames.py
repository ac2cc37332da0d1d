"""From a source's samples to log-mel frames: the whole front end as one stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.front_end import FrontEnd
from audio.logmel import StreamingLogMel
from audio.resample import StreamingResampler


class FrameStream:
    """Mono samples at `sample_rate` Hz in, (k, BANDS) float32 log-mel frames in dB out.

    invalid_samples: how many samples were NaN or infinite so far. They are heard as silence: one of them
    would otherwise spoil every frame that it touches, and the model's state for as long as its window is.
    """

    def __init__(self, sample_rate: int, front_end: FrontEnd | None = None) -> None:
        self._resampler = StreamingResampler(sample_rate)
        self._log_mel = StreamingLogMel(front_end)
        self.invalid_samples = 0

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) float32 samples -> (k, BANDS), every frame that they complete; k may be 0."""
        valid = np.isfinite(samples)
        if not valid.all():
            self.invalid_samples += len(samples) - int(np.count_nonzero(valid))
            samples = np.where(valid, samples, np.float32(0))
        return self._log_mel.push(self._resampler.push(samples))

    def finish(self) -> NDArray[np.float32]:
        """The frames still held back in the resampler when the sound has ended. Call it once, last.

        What does not fill a frame is left out, not padded: sound shorter than one frame gives no frame.
        """
        return self._log_mel.push(self._resampler.finish())

    def frame_flops(self) -> int:
        """Floating point operations of one log-mel frame, without resampling."""
        return self._log_mel.frame_flops()
