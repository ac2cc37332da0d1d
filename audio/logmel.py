"""Log-mel frames from a stream of samples, each known the moment its last sample has arrived."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.front_end import BANDS, FFT_LENGTH, FLOOR_POWER, HOP, Doubles, FrontEnd, SampleBuffer, Samples
from audio.mel import BINS, MelBank, band_edges, slaney_bank

FRAMES_AT_ONCE = 16  # their spectra fit in the processor's cache

# A real transform of N samples is a complex one of half as many points (even samples real, odd ones imaginary) and an
# unpacking. Compiled, the complex one goes down the columns of a table of ROWS x COLUMNS points and then, transposed
# and multiplied by its twiddle factors, down the columns again: every loop runs over neighbours in memory and
# vectorises.
POINTS = FFT_LENGTH // 2
COLUMNS = 16
ROWS = POINTS // COLUMNS
WORK_LENGTH = 4 * POINTS + BINS

assert ROWS == 64, "a transform of another length takes other steps of radix 4"


class StreamingLogMel:
    """Samples at SAMPLE_RATE in, log-mel frames in dB out; constant memory.

    Frame i covers samples [i * HOP, i * HOP + FFT_LENGTH): their mean under a Hann window taken off, Hann window, power
    spectrum |FFT|^2, mel bands, 10 log10(max(power, FLOOR_POWER)). It looks at nothing else, neither later samples nor
    the clip's maximum.
    The mean is taken off so that a steady offset, which cheap converters add, changes nothing. A Hann window has
    nothing but bins 0 and +-1, the latter -1/2 of the former: so this empties bin 0 and adds half of it to bin 1, and
    only the lowest band, up to 52 Hz, can tell: by 0.02 dB in the median on music.
    Frames are computed in float64, several at once where several are complete, each by operations of its own, so how
    the samples are cut into pushes does not change a single bit. What numpy computes and what `front_end` may have
    compiled differ by less than 1e-4 dB.
    """

    def __init__(self, front_end: FrontEnd | None = None) -> None:
        self._front_end = front_end or FrontEnd()
        self._bank = MelBank()
        self._window = hann_window(FFT_LENGTH)
        self._work = np.empty(WORK_LENGTH)  # each stream has its own, so that streams of several threads do not touch
        self._waiting = SampleBuffer(3 * FFT_LENGTH, self._front_end)  # from the next frame's first sample on

    def push(self, samples: Samples) -> Samples:
        """(n,) samples -> (k, BANDS) float32 dB, the frames that they complete; k may be 0."""
        waiting = self._waiting
        waiting.append(samples)
        count = max(0, (len(waiting) - FFT_LENGTH) // HOP + 1)
        frames = np.empty((count, BANDS), np.float32)
        if count:
            self._compute(waiting.samples, frames)
            waiting.drop(count * HOP)
        return frames

    def _compute(self, samples: Samples, frames: Samples) -> None:
        """samples from the first one of the first frame on -> frames (T, BANDS)."""
        if (loops := self._front_end.loops) is not None:
            loops.log_mel(samples, *log_mel_tables(), self._work, frames)
            return
        pieces = sliding_window_view(samples, FFT_LENGTH)[::HOP]
        for first in range(0, len(frames), FRAMES_AT_ONCE):
            part = slice(first, first + FRAMES_AT_ONCE)
            spectra = np.fft.rfft(self._window * pieces[part])
            spectra[:, 1] += spectra[:, 0] / 2
            spectra[:, 0] = 0
            powers = self._bank.band_powers(spectra.real**2 + spectra.imag**2)
            frames[part] = 10 * np.log10(np.maximum(powers, FLOOR_POWER))

    def frame_flops(self) -> int:
        """Floating point operations of one frame, in closed form; a multiply-add is 2, a logarithm 1.

        Window: one multiplication per sample. Real FFT of N points: 2.5 N log2 N, half the usual 5 N log2 N
        of the complex one. Offset: 2. Power: 3 per bin. Bands: 2 per weight that is not zero. Decibels: maximum,
        logarithm, multiplication per band.
        """
        transform = FFT_LENGTH * int(math.log2(FFT_LENGTH)) * 5 // 2
        return FFT_LENGTH + transform + 2 + 3 * BINS + 2 * self._bank.weight_count + 3 * BANDS


def hann_window(length: int) -> Doubles:
    """(length,) the periodic Hann window, the one for spectra."""
    window: Doubles = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return window


def frame_levels(log_mels: Samples) -> Samples:
    """(T, BANDS) dB -> (T,) dBFS RMS of the samples in each frame, from the power in their bands.

    Each band counts as wide as it is, so that neighbours share what lies between them. What lies below the middle of
    the first band (26 Hz) or above that of the last counts less, and a steady offset nothing.
    """
    edges = band_edges()
    widths = ((edges[2:] - edges[:-2]) / 2).astype(np.float32)
    squares = np.exp(log_mels * np.float32(math.log(10) / 10)) @ widths
    # By Parseval's theorem; the mean of a squared Hann window is 3/8, and half of the spectrum is not computed.
    levels: Samples = 10 * np.log10(squares * np.float32(2 / (3 / 8 * FFT_LENGTH**2)))
    return levels


class LogMelTables(NamedTuple):
    """What every compiled frame needs and no frame changes, see log_mel_frames in audio/loops.py.

    numbers: the window, the factors of the three steps of radix 4, the twiddle factors and the factors of the unpacking
    (of both all real parts, then all imaginary ones), the mel weights that are not zero, the lowest power.
    places: hop, columns, bands, where each of these begins, and for every band its first bin and how many it has.
    """

    numbers: Doubles
    places: NDArray[np.int64]


@functools.cache
def log_mel_tables() -> LogMelTables:
    """For the numbers of audio/front_end.py."""
    bank = slaney_bank().astype(np.float64)
    firsts, counts = (bank > 0).argmax(axis=1), np.count_nonzero(bank, axis=1)
    parts = (
        hann_window(FFT_LENGTH),
        _step(64),
        _step(16),
        _step(4),
        _by_parts(np.outer(np.arange(COLUMNS), np.arange(ROWS)) / POINTS),
        _by_parts(np.arange(POINTS // 2 + 1) / FFT_LENGTH),
        np.concatenate([row[first : first + count] for row, first, count in zip(bank, firsts, counts, strict=True)]),
        np.array([FLOOR_POWER]),
    )
    begins = np.cumsum([0, *(len(part) for part in parts[:-1])])
    bands = np.stack([firsts, counts], axis=1).ravel()
    return LogMelTables(np.concatenate(parts), np.array([HOP, COLUMNS, len(bank), *begins, *bands], np.int64))


def _step(length: int) -> Doubles:
    """(6 length / 4,) the factors of the three outer branches of a step of radix 4."""
    angles = np.exp(-2j * np.pi * np.outer(np.arange(length // 4), (1, 2, 3)) / length)
    factors: Doubles = np.stack([angles.real, angles.imag], axis=-1).ravel()
    return factors


def _by_parts(turns: Doubles) -> Doubles:
    angles = np.exp(-2j * np.pi * turns.ravel())
    return np.concatenate([angles.real, angles.imag])
