"""A microphone without hardware: a private PulseAudio, and what is played into it is heard; and what can happen to a
microphone: asleep, muted, unplugged, its server frozen or dead.

A null sink takes what is played, a remapped source gives its left channel back as the default microphone, and an
`auth-anonymous` socket in a temporary folder keeps all of it apart from the user's own sound. Needs neither root nor a
sound card nor a session; programs pulseaudio, pactl, paplay and parec, and ALSA's pulse plugin.

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
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000  # Hz, of sink and source: what is played at this rate is captured bit for bit
PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")
START_SECONDS = 60.0  # only a fault takes so long
SINK, MICROPHONE = "feed", "microphone"
DESCRIPTION = "Test microphone"
Self = TypeVar("Self", bound="VirtualMicrophone")


class VirtualMicrophone:
    """`with VirtualMicrophone() as microphone:` makes it the default input of this process and its children.

    The environment is put back and every process is killed at the end. PortAudio reads its list of devices
    when it starts: call `audio.input_devices(refresh=True)` inside, and once more after it.
    """

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    @staticmethod
    def missing_programs() -> list[str]:
        """What would have to be installed first; empty where it can run."""
        return [program for program in PROGRAMS if shutil.which(program) is None]

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
        self.pactl("set-default-source", MICROPHONE)

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
        self._server.send_signal(signal.SIGSTOP)

    def thaw_server(self) -> None:
        """Let it go on."""
        self._server.send_signal(signal.SIGCONT)

    def kill_server(self) -> None:
        """What a crash of the server is to its clients."""
        self._server.kill()
        self._server.wait()

    def start_server(self) -> None:
        """Start it, with its source, for the first time or after its death; returns when the source gives sound."""
        log = self.folder / "server.log"
        (self.folder / "native").unlink(missing_ok=True)
        self._server = self._run(
            *f"pulseaudio -n -F {self._script} --daemonize=no --exit-idle-time=-1 --use-pid-file=no".split(),
            *f"--disable-shm=yes --realtime=no --high-priority=no --log-target=file:{log}".split(),
        )
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run(["pactl", "info"], capture_output=True).returncode:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the private PulseAudio does not start: {log.read_text()}")
            time.sleep(0.02)
        self.plug()
        # An impatient reader keeps the idle sink at blocks of milliseconds; when a second one gets sound, it is awake.
        self._run("parec", f"--device={SINK}.monitor", "--latency-msec=10", "--raw")
        reader = ("parec", f"--device={MICROPHONE}", "--latency-msec=10", "--raw")
        with subprocess.Popen(reader, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as probe:
            assert probe.stdout is not None
            probe.stdout.read(4096)
            probe.kill()

    def _configure(self, stack: ExitStack) -> None:
        """Write the server's script, and let the environment name the server until the stack is closed."""
        socket = self.folder / "native"
        self._script = self.folder / "microphone.pa"
        # Without `norewinds` the sink sleeps up to two seconds between blocks, not 50 ms, whenever for a moment nobody
        # asks for sound: that happens when the server moves all readers along with its default source.
        self._script.write_text(
            f".fail\n"
            f"load-module module-native-protocol-unix socket={socket} auth-anonymous=1\n"
            f"load-module module-null-sink sink_name={SINK} rate={SAMPLE_RATE} channels=2 format=float32le"
            f" norewinds=1\n"
            f"set-default-sink {SINK}\n"
        )
        variables = {
            "PULSE_SERVER": f"unix:{socket}",
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

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)
        self._processes.append(process)
        return process

    def _kill(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()


if __name__ == "__main__":
    with VirtualMicrophone():
        sys.exit(subprocess.run(sys.argv[1:]).returncode)
