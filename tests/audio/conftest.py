"""The compiled front end, for the tests of its parts."""

from __future__ import annotations

import pytest
from numba import njit

from audio import FrontEnd
from audio.front_end import Loops
from audio.loops import OPTIONS, compile_loops


@pytest.fixture(scope="session")
def loops() -> Loops:
    return compile_loops(njit(**OPTIONS))


@pytest.fixture
def compiled(loops: Loops) -> FrontEnd:
    return FrontEnd(loops)
