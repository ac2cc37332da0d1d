"""The compiled front end, for the tests of its parts."""

from __future__ import annotations

import pytest
from numba import njit

from audio import FrontEnd
from audio.front_end import Loops
from audio.halfband_loops import halve_blocks
from audio.logmel_loops import OPTIONS, log_mel_frames


@pytest.fixture(scope="session")
def loops() -> Loops:
    return Loops(njit(**OPTIONS)(log_mel_frames), njit(**OPTIONS)(halve_blocks))


@pytest.fixture
def compiled(loops: Loops) -> FrontEnd:
    front_end = FrontEnd()
    front_end.take_over(loops)
    return front_end
