"""The microphone without hardware, and what can happen to one: asleep, muted, unplugged, its server frozen or dead."""

from __future__ import annotations

import signal

from scripts import virtual_microphone
from scripts.virtual_microphone import MICROPHONE, SAMPLE_RATE

__all__ = ["SAMPLE_RATE", "VirtualMicrophone"]


class VirtualMicrophone(virtual_microphone.VirtualMicrophone):
    """See scripts/virtual_microphone.py."""

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
