"""How a capture is doing, in one word and in one sentence for the user, and what it lost."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audio.front_end import silence_invalid
from audio.source import SourceState

Cause = Literal["late", "burst", "outage", "device"]

STALL_SECONDS = 0.4  # without a single sample: ten blocks
ZERO_SECONDS = 0.4  # of nothing but exact zeros: no microphone is so quiet by itself
SILENT_SECONDS = 3.0
SILENT_DBFS = -70.0  # peak; below it there is no music
RETURN_SECONDS = 0.1  # of sound after a loss or a stall, until the device counts as back

BECAUSE: dict[Cause, str] = {
    "late": "the computer was too busy to keep up",
    "burst": "the sound system had stood still, and then sent too much at once",
    "outage": "the device was away",
    "device": "the sound system did not deliver it",
}


class Watchdog:
    """Told of everything that happens to a stream; `state` may be asked at any time and from any thread.

    Silence, zeros and a return are measured in samples, so how they are cut into blocks, and how late these
    are read, changes nothing. Only an absence of samples is measured in seconds of the clock.

    listening   sound arrives
    silent      sound arrives, all of it below SILENT_DBFS
    zeros       samples arrive, all of them exactly zero (or NaN): something is muted
    stalled     the device is open and nothing arrives
    lost        the device has gone away and cannot be opened
    recovering  it is open again, and its first sound is arriving
    """

    def __init__(self, sample_rate: int, now: float) -> None:
        self._rate = sample_rate
        self._last_arrival = now
        self._down: Literal["stalled", "lost"] | None = None  # why nothing arrives; None while something does
        self._is_open = True
        self._to_return = 0  # samples that must still arrive
        self._zeros = self._quiet = 0  # samples since the last other one, since the last loud one

    def lose(self) -> None:
        """The device has gone away."""
        self._down, self._is_open = "lost", False

    def give_up(self) -> None:
        """The stream is closed because nothing comes; a new one may do better."""
        self._down, self._is_open = "stalled", False

    def reopen(self, now: float) -> None:
        """The device is open again."""
        self._is_open, self._last_arrival = True, now

    def process(self, samples: NDArray[np.float32], now: float) -> None:
        """(n,) samples, n > 0, have arrived."""
        if self._down is not None or now - self._last_arrival > STALL_SECONDS:
            self._to_return = round(RETURN_SECONDS * self._rate)
            self._zeros = self._quiet = 0
        self._down, self._last_arrival = None, now
        self._to_return = max(0, self._to_return - len(samples))
        magnitudes = np.abs(silence_invalid(samples))
        self._zeros = _run_at_end(self._zeros, magnitudes > 0)
        self._quiet = _run_at_end(self._quiet, magnitudes > 10 ** (SILENT_DBFS / 20))

    def quiet_for(self, now: float) -> float:
        """Seconds since anything arrived or the device was opened."""
        return now - self._last_arrival

    def state(self, now: float, unread: bool = False) -> SourceState:
        """The present state; `unread`: samples have arrived of which `process` has not been told yet."""
        if not self._is_open:
            return self._down or "lost"
        if unread or self.quiet_for(now) <= STALL_SECONDS:
            if self._down == "stalled":
                return "stalled"
            if self._down == "lost" or self._to_return:
                return "recovering"
            if self._zeros >= ZERO_SECONDS * self._rate:
                return "zeros"
            return "silent" if self._quiet >= SILENT_SECONDS * self._rate else "listening"
        return "stalled"


def _run_at_end(run: int, breaks: NDArray[np.bool_]) -> int:
    """The length of the run at the end, after one of `run` before; each True ends a run."""
    last = np.flatnonzero(breaks)
    return run + len(breaks) if not len(last) else len(breaks) - 1 - int(last[-1])


PERMISSION = {  # where a system lets a program hear a microphone: one that may not gets zeros, and no error
    "darwin": "Privacy & Security, Microphone in the System Settings",
    "win32": "Privacy & security, Microphone in the Settings",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What the sound server says about a stream, where there is one to ask."""

    muted: bool = False
    suspended: bool = False
    fed_by: str = ""  # the device that the server gives instead of the chosen one
    gone: bool = False  # the chosen one is not there any more: what arrives, if anything, is another's sound


def sentence(state: SourceState, name: str, is_system_sound: bool, condition: Condition) -> str:
    """One sentence; empty when all is well."""
    if is_system_sound:
        who, zeros = f"The system's sound “{name}”", "This computer is playing nothing, or its sound is muted."
    else:
        who = f"The microphone “{name}”"
        zeros = (
            f"{who} sends only zeros: it is switched off or muted, or this program is not allowed to hear it; "
            f"check its switch and {PERMISSION.get(sys.platform, 'the sound settings')}."
        )
    if state == "lost":
        return f"{who} is gone: connect it again, and listening goes on by itself."
    if state == "recovering":
        return f"{who} is back: listening goes on."
    if state == "stalled":
        if condition.suspended:
            return f"{who} is suspended: resume it to continue."
        return f"{who} sends nothing: check that it is connected and not suspended; listening goes on by itself."
    if state == "muted":
        return f"{who} is muted: unmute it in the sound settings."
    if state == "zeros":
        return zeros
    if condition.fed_by:
        return f"The sound server now gives “{condition.fed_by}” instead of “{name}”: choose again what to hear."
    if state == "silent":
        lowest = f"{SILENT_DBFS:.0f} dBFS".replace("-", "\N{MINUS SIGN}")
        return f"{who} hears nothing above {lowest}: turn the music up, or choose another one."
    return ""


@dataclass(frozen=True, slots=True)
class Loss:
    """One gap in the sound."""

    seconds: float  # when it began, since the source opened
    length: float  # seconds
    cause: Cause

    def sentence(self) -> str:
        """For the user: how much, when, why."""
        minutes, seconds = divmod(int(self.seconds), 60)
        amount = f"{self.length:.1f} s" if self.length >= 1 else f"{max(1, round(1000 * self.length))} ms"
        return f"{amount} of sound was lost at {minutes}:{seconds:02d}: {BECAUSE[self.cause]}."
