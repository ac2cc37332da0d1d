"""What every log-mel frame needs and no frame changes, laid out for audio/logmel_loops.py.

A real transform of N samples is a complex one of half as many points (even samples real, odd ones imaginary) and an
unpacking. The complex one goes down the columns of a table of ROWS x COLUMNS points and then, transposed and turned by
its twiddle factors, down the columns again: every loop runs over neighbours in memory, and vectorises.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.melbank import BINS, slaney_bank
from audio.spec import FFT_LENGTH, FLOOR_POWER, HOP

POINTS = FFT_LENGTH // 2
COLUMNS = 16
ROWS = POINTS // COLUMNS
WORK_LENGTH = 4 * POINTS + BINS

assert ROWS == 64, "a transform of another length takes other steps of radix 4"

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LogMelTables:
    """Read by every stream, changed by none.

    numbers: the window, what the three steps of radix 4 turn by, the twiddle factors and the factors of the unpacking
    (of both all real parts, then all imaginary ones), the mel weights that are not zero, the lowest power.
    places: hop, columns, bands, where each of these begins, and for every band its first bin and how many it has.
    """

    numbers: Doubles
    places: NDArray[np.int64]


def hann_window(length: int) -> Doubles:
    """(length,) the periodic Hann window, the one for spectra."""
    window: Doubles = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return window


def log_mel_tables() -> LogMelTables:
    """For the front end of audio/spec.py."""
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
    """(6 length / 4,) what a step of radix 4 turns its three outer branches by."""
    angles = np.exp(-2j * np.pi * np.outer(np.arange(length // 4), (1, 2, 3)) / length)
    factors: Doubles = np.stack([angles.real, angles.imag], axis=-1).ravel()
    return factors


def _by_parts(turns: Doubles) -> Doubles:
    angles = np.exp(-2j * np.pi * turns.ravel())
    return np.concatenate([angles.real, angles.imag])
