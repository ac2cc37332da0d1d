"""Fixtures for every package: the data folder beside the checkout, and a microphone without hardware."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

# As in the program: one thread. Several of them spin beside each other on a busy machine, and tests take many times
# as long. Before torch is imported, here and in every process that a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that starts the tests in the background lets them ignore Ctrl-C, and every process that they start would too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
from hypothesis import HealthCheck, settings

from app.stream.backend import COMPILE
from audio import NoAudioSystem, input_devices
from audio.portaudio import portaudio
from model.compiled.cache import compile_apart
from tests.virtual_microphone import SERVERS, VirtualMicrophone

# A busy machine may take its time.
settings.register_profile("no deadline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests that take many minutes, too")
    parser.addoption("--steps", type=int, default=1_000_000, help="of the longest of these (default: a million)")


def pytest_configure(config: pytest.Config) -> None:
    """Compiled before any test: one that compares bytes must not be answered by torch first and compiled steps then."""
    if not hasattr(config, "workerinput"):  # but once, not in every process
        compile_apart(COMPILE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without --long the long tests are left out; that is no reason to speak of skipped ones."""
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder `shared` beside the checkout: training data that is no part of the project."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("there is no folder `shared` with data beside the checkout")
    return folder


@pytest.fixture(scope="module")
def virtual_microphone(request: pytest.FixtureRequest) -> Iterator[VirtualMicrophone]:
    """The default input device for a module's tests; play into it. See VirtualMicrophone.

    Parametrized with a class it is that one, otherwise the first of SERVERS that is installed.
    """
    servers = (request.param,) if hasattr(request, "param") else SERVERS
    ready = [server for server in servers if not server.missing_programs()]
    if not ready:
        missing = " or ".join(" ".join(server.missing_programs()) for server in servers)
        pytest.skip(f"not installed: {missing} (Debian: pulseaudio, or pipewire wireplumber; and pulseaudio-utils)")
    try:
        with ready[0]() as microphone:
            if not input_devices(refresh=True):
                pytest.skip("PortAudio does not see the sound server (Debian: libasound2-plugins, or pipewire-alsa)")
            yield microphone
            # Without a server and a reader it would be started anew for ever, and grow by 100 MB a second.
            assert not portaudio().ask(lambda: set(portaudio().open_streams), 5.0), "a test has left a stream open"
        input_devices(refresh=True)
    except NoAudioSystem as error:
        pytest.skip(str(error))
