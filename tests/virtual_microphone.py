"""A microphone without hardware: a private sound server, and what is played into it is heard; and what can happen to a
microphone: asleep, muted, unplugged, its server frozen or dead.

A null sink takes what is played, a remapped source gives its left channel back as the default microphone, and a socket
in a temporary folder keeps all of it apart from the user's own sound. Needs neither root nor a sound card nor a
session; either pulseaudio, or pipewire and wireplumber; programs pactl, paplay and parec; and a plugin for ALSA.

    python3 -m tests.virtual_microphone COMMAND     # run it beside such a microphone
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000  # Hz, of sink and source: what is played at this rate is captured bit for bit
START_SECONDS = 60.0  # only a fault takes so long
SINK, MICROPHONE = "feed", "microphone"
DESCRIPTION = "Test microphone"
SINK_PROPERTIES = "sink_properties=\"device.description='Test output'\""
Self = TypeVar("Self", bound="VirtualMicrophone")


class VirtualMicrophone:
    """`with VirtualMicrophone() as microphone:` makes it the default input of this process and its children.

    The environment is put back and every process is killed at the end. PortAudio reads its list of devices
    when it starts: call `audio.input_devices(refresh=True)` inside, and once more after it.
    """

    PROGRAMS: tuple[str, ...] = ("pulseaudio", "pactl", "paplay", "parec")

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._servers: list[subprocess.Popen[bytes]] = []

    @classmethod
    def missing_programs(cls) -> list[str]:
        """What would have to be installed first; empty where it can run."""
        return [program for program in cls.PROGRAMS if shutil.which(program) is None]

    def __enter__(self: Self) -> Self:
        with ExitStack() as stack:
            folder = tempfile.TemporaryDirectory(prefix="virtual-microphone-", ignore_cleanup_errors=True)
            self.folder = Path(stack.enter_context(folder))
            self._configure(stack)
            stack.callback(self._kill)
            self.start_server()
            self._end = stack.pop_all().close
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()

    def play(self, sound: Path | NDArray[np.float32], sample_rate: int = SAMPLE_RATE) -> subprocess.Popen[bytes]:
        """Play a file, or an array (n,) or (n, 2) within -1..1, into the microphone; wait() for its end."""
        if isinstance(sound, np.ndarray):
            import soundfile

            path = self.folder / f"played-{len(self._processes)}.wav"
            soundfile.write(path, sound, sample_rate, subtype="FLOAT")
            sound = path
        return self._run("paplay", f"--device={SINK}", str(sound))

    def pactl(self, *command: str) -> str:
        """Ask the server for anything -> what it says."""
        asked = subprocess.run(["pactl", *command], check=True, timeout=START_SECONDS, capture_output=True, text=True)
        return asked.stdout.strip()

    def plug(self) -> None:
        """Put the source back, as the default."""
        self._module = self.plug_another(MICROPHONE, DESCRIPTION)
        set_default = ["pactl", "set-default-source", MICROPHONE]
        self._await(lambda: subprocess.run(set_default, capture_output=True).returncode == 0)

    def plug_another(self, name: str, description: str) -> str:
        """Another source that hears the same -> the module to unload."""
        options = f"source_name={name} master={SINK}.monitor channels=1 channel_map=mono"
        properties = f"source_properties=\"device.description='{description}'\""
        return self.pactl(
            "load-module",
            "module-remap-source",
            *options.split(),
            "master_channel_map=front-left",
            "remix=no",
            properties,
        )

    def suspend(self, suspended: bool) -> None:
        """Put the source to sleep, or wake it up: a stall without an error."""
        self.pactl("suspend-source", MICROPHONE, str(int(suspended)))

    def mute(self, muted: bool) -> None:
        """Mute the source: exact zeros."""
        self.pactl("set-source-mute", MICROPHONE, str(int(muted)))

    def unplug(self) -> None:
        """Take the source away; the sink's monitor remains, and the server moves recordings to it."""
        self.pactl("unload-module", self._module)

    def freeze_server(self) -> None:
        """Stop the server where it is: whoever asks it anything waits for ever."""
        for server in self._servers:
            server.send_signal(signal.SIGSTOP)

    def thaw_server(self) -> None:
        """Let it go on."""
        for server in self._servers:
            server.send_signal(signal.SIGCONT)

    def kill_server(self) -> None:
        """What a crash of the server is to its clients."""
        for server in self._servers:
            server.kill()
            server.wait()
        self._servers = []

    def start_server(self) -> None:
        """Start it, with its source, for the first time or after its death; returns when the source gives sound."""
        (self.folder / "native").unlink(missing_ok=True)
        self._servers = self._start()
        self._await(lambda: subprocess.run(["pactl", "info"], capture_output=True).returncode == 0)
        self._make_sink()
        self.plug()
        # An impatient reader keeps the idle sink at blocks of milliseconds; when a second one gets sound, it is awake.
        self._run("parec", f"--device={SINK}.monitor", "--latency-msec=10", "--raw")
        reader = ("parec", f"--device={MICROPHONE}", "--latency-msec=10", "--raw")
        with subprocess.Popen(reader, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as probe:
            assert probe.stdout is not None
            probe.stdout.read(4096)
            probe.kill()

    def _await(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if any(server.poll() is not None for server in self._servers) or time.monotonic() > deadline:
                said = " ".join(log.read_text() for log in self.folder.glob("*.log"))
                raise RuntimeError(f"the private sound server does not start: {said}")
            time.sleep(0.02)

    def _start(self) -> list[subprocess.Popen[bytes]]:
        options = f"--disable-shm=yes --realtime=no --high-priority=no --log-target=file:{self.folder / 'server.log'}"
        script = f"pulseaudio -n -F {self._script} --daemonize=no --exit-idle-time=-1 --use-pid-file=no"
        return [self._run(*script.split(), *options.split())]

    def _make_sink(self) -> None:
        """The script has made it."""

    def _configure(self, stack: ExitStack) -> None:
        """Write what the server reads, and let the environment name the server until the stack is closed."""
        socket = self.folder / "native"
        self._write_configuration(socket)
        variables = {
            "PULSE_SERVER": f"unix:{socket}",
            "PIPEWIRE_RUNTIME_DIR": str(self.folder),
            "PULSE_COOKIE": str(self.folder / "cookie"),
            "PULSE_RUNTIME_PATH": str(self.folder),
            "PULSE_STATE_PATH": str(self.folder / "state"),
            "PULSE_CONFIG_PATH": str(self.folder / "config"),
        }
        before = {name: os.environ[name] for name in variables if name in os.environ}
        stack.callback(os.environ.update, before)
        for name in variables:
            stack.callback(os.environ.pop, name, None)
        os.environ.update(variables)

    def _write_configuration(self, socket: Path) -> None:
        # Without `norewinds` the sink sleeps up to two seconds between blocks, not 50 ms, whenever for a moment nobody
        # asks for sound: that happens when the server moves all readers along with its default source.
        self._script = self.folder / "microphone.pa"
        self._script.write_text(
            f".fail\n"
            f"load-module module-native-protocol-unix socket={socket} auth-anonymous=1\n"
            f"load-module module-null-sink sink_name={SINK} rate={SAMPLE_RATE} channels=2 format=float32le"
            f" norewinds=1 {SINK_PROPERTIES}\n"
            f"set-default-sink {SINK}\n"
        )

    def _run(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=nothing, env={**os.environ, **environment}
        )
        self._processes.append(process)
        return process

    def _kill(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()


class PipeWireMicrophone(VirtualMicrophone):
    """The same with PipeWire: its daemon, the session manager WirePlumber, and the server that speaks PulseAudio's
    protocol. They find neither sound cards nor a session bus."""

    PROGRAMS = ("pipewire", "wireplumber", "pactl", "paplay", "parec")

    def suspend(self, suspended: bool) -> None:
        """Skips the test."""
        import pytest

        pytest.skip("PipeWire does not suspend a source that somebody records")

    def _start(self) -> list[subprocess.Popen[bytes]]:
        # No realtime scheduling, no user's settings, nothing remembered from run to run.
        alone = {
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_RUNTIME_DIR": str(self.folder),
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }
        (self.folder / "pipewire-0").unlink(missing_ok=True)
        daemon = self._run("pipewire", **alone)
        self._await((self.folder / "pipewire-0").exists)
        manager = self._run("wireplumber", **alone)
        return [daemon, manager, self._run("pipewire", "-c", str(self.folder / "pulse.conf"), **alone)]

    def _make_sink(self) -> None:
        options = f"sink_name={SINK} rate={SAMPLE_RATE} channels=2".split()
        self.pactl("load-module", "module-null-sink", *options, SINK_PROPERTIES)
        # The session manager may take a moment.
        self._await(lambda: subprocess.run(["pactl", "set-default-sink", SINK], capture_output=True).returncode == 0)

    def _write_configuration(self, socket: Path) -> None:
        (self.folder / "pulse.conf").write_text(
            "context.spa-libs = {\n"
            "  audio.convert.* = audioconvert/libspa-audioconvert\n"
            "  support.* = support/libspa-support\n"
            "}\n"
            "context.modules = [\n"
            + "".join(
                f"  {{ name = libpipewire-module-{name} }}\n"
                for name in ("protocol-native", "client-node", "adapter", "metadata", "protocol-pulse")
            )
            + f']\npulse.properties = {{ server.address = [ "unix:{socket}" ] }}\n'
        )
        # Whoever comes may wish for another quantum, and changing it stops the graph for a moment: a gap in real sound.
        daemon = self.folder / "config" / "pipewire" / "pipewire.conf.d"
        daemon.mkdir(parents=True)
        quanta = " ".join(f"default.clock.{name} = 1024" for name in ("quantum", "min-quantum", "max-quantum"))
        (daemon / "51-quantum.conf").write_text(f"context.properties = {{ {quanta} }}\n")
        manager = self.folder / "config" / "wireplumber"
        monitors = ("alsa", "v4l2", "libcamera")
        (manager / "main.lua.d").mkdir(parents=True)  # of WirePlumber 0.4
        disabled = "".join(f"{monitor}_monitor.enabled = false\n" for monitor in monitors)
        disabled += 'default_access.properties["enable-flatpak-portal"] = false\n'  # it ends without a session bus
        (manager / "main.lua.d" / "51-no-devices.lua").write_text(disabled)
        (manager / "wireplumber.conf.d").mkdir()  # of 0.5
        disabled = " ".join(f"monitor.{monitor} = disabled" for monitor in (*monitors, "bluez"))
        (manager / "wireplumber.conf.d" / "51-no-devices.conf").write_text(
            f"wireplumber.profiles = {{ main = {{ {disabled} }} }}\n"
        )


SERVERS = (VirtualMicrophone, PipeWireMicrophone)

if __name__ == "__main__":
    with next(server for server in SERVERS if not server.missing_programs())():
        sys.exit(subprocess.run(sys.argv[1:]).returncode)
