"""What capturing needs of a device, be it PortAudio's or a virtual one."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from audio.ring import SampleRing


@dataclass(frozen=True, slots=True)
class Condition:
    """What the sound server says about a stream, where there is one to ask."""

    muted: bool = False
    suspended: bool = False
    fed_by: str = ""  # the device that the server gives instead of the chosen one
    gone: bool = False  # the chosen one is not there any more: what arrives, if anything, is another's sound


class DeviceStream(Protocol):
    """An open device: its callback writes into the ring until it ends."""

    @property
    def ring(self) -> SampleRing:
        """Where the callback puts what it is given."""

    @property
    def sample_rate(self) -> int:
        """Hz at which the device runs."""

    @property
    def mark(self) -> tuple[float, int]:
        """When the last sample written reached the microphone, in seconds on the device's own clock, and how many
        had been written by then. What waits somewhere on its way, however long, does not change it.
        """

    @property
    def ended(self) -> bool:
        """Whether the device went away: no callback will come any more."""


class Device(Protocol):
    """A device that can be opened, and opened again after it was lost.

    Both calls return at once. Their futures may stay undone for ever: a frozen sound server answers nobody.
    """

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def is_system_sound(self) -> bool:
        """Whether it gives what the computer plays, and not what a microphone hears."""

    @property
    def condition(self) -> Condition:
        """What is known at present, at once."""

    def open(self) -> Future[DeviceStream]:
        """Open and start it; the future raises AudioError, with a sentence, where that fails."""

    def close(self, stream: DeviceStream) -> Future[None]:
        """Stop it and let it go."""
