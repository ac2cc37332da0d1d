"""The compiled front end, for the tests of its parts."""

from __future__ import annotations

import pytest
from numba import njit

from audio import FrontEnd
from audio.front_end import Loops
from audio.halfband_loops import halve_blocks
from audio.logmel_loops import OPTIONS, log_mel_frames
from audio.polyphase_loops import interpolate
from audio.sample_loops import copy_samples, count_invalid


@pytest.fixture(scope="session")
def loops() -> Loops:
    functions = log_mel_frames, halve_blocks, interpolate, copy_samples, count_invalid
    return Loops(*(njit(**OPTIONS)(each) for each in functions))


@pytest.fixture
def compiled(loops: Loops) -> FrontEnd:
    front_end = FrontEnd()
    front_end.take_over(loops)
    return front_end
