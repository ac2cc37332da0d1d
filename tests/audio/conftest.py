"""Real sound servers: what is told of a microphone is told of one behind PulseAudio and of one behind PipeWire."""

from __future__ import annotations

import pytest

from tests.virtual_microphone import SERVERS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test here that wants a virtual microphone gets it from each server in turn."""
    if "virtual_microphone" in metafunc.fixturenames:
        names = [server.PROGRAMS[0] for server in SERVERS]
        metafunc.parametrize("virtual_microphone", SERVERS, ids=names, indirect=True, scope="module")
