"""What the window asks of a session: sources to choose from, one that runs, and its snapshots.

The window sees sound and model through this alone, so that it opens before either is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from app.live.osc import OscSender
from app.live.recording import Recorder
from app.stream.snapshot import ModelChoice, ModelDescription, Snapshot, StepTimes
from audio.meter import Level
from audio.source import SourceState

Phase = Literal["idle", "starting", "running", "ended", "failed", "stopped"]
NotLive = Phase | SourceState | Literal[""]
"""Why what is shown is not of this moment; "" while it is."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """Where a run is, and one sentence for the user ("" when there is nothing to say).

    source: how the source is doing while it runs. since: on time.monotonic's clock, when `not_live` became so.
    """

    phase: Phase
    message: str = ""
    source: SourceState = "listening"
    since: float | None = None

    @property
    def runs(self) -> bool:
        """Whether there is something to stop."""
        return self.phase in ("starting", "running")

    @property
    def not_live(self) -> NotLive:
        """Why what is shown is of the past, "" while it is live. True at most half a second after it came about:
        headline, bars, meter, spectrogram and history all follow this one value.
        """
        if self.phase != "running":
            return self.phase
        return "" if self.source in ("listening", "silent") else self.source


@dataclass(frozen=True, slots=True)
class InputDeviceChoice:
    """One line of the microphone picker; `key` is what `Session.listen` wants back, and stays the same over
    restarts and replugging.
    """

    label: str
    key: str
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class DeviceList:
    """The microphones found by one search; `problem` says in a sentence why there are none.

    hint: how to hear what the computer plays, where no choice gives that.
    """

    choices: tuple[InputDeviceChoice, ...] = ()
    problem: str = ""
    hint: str = ""


class Player(Protocol):
    """A file that is played, to pause it and seek in it."""

    paused: bool

    @property
    def position(self) -> float:
        """Seconds into the file."""

    @property
    def duration(self) -> float | None:
        """Seconds as the file states it, None where it does not."""

    def seek(self, seconds: float) -> None:
        """Go on from there."""


class Models(Protocol):
    """The models that can be chosen, and the one that was."""

    choices: tuple[ModelChoice, ...]
    windows: tuple[float, ...]  # s, in rising order
    problem: str  # why the last choice could not be had, in one sentence; "" when it could
    steps: StepTimes | None  # as they were measured last; None before that
    full_twin: StepTimes | None  # what the twin of the chosen model takes with a full window; None before it is known

    @property
    def description(self) -> ModelDescription:
        """The model that was chosen last and could be had; a snapshot says which one answered it."""

    def choose(self, key: str, window_seconds: float) -> None:
        """Go on with another model or another window, also in the middle of a run: nothing is lost."""

    def measure(self, window_seconds: float) -> None:
        """Time a step of every model with this window; `steps` becomes another object when that is done."""


class Session(Protocol):
    """Everything the window may ask. Each call returns at once: what takes time happens in other threads."""

    aloud: bool  # whether files and the demo are played by the speaker too, from the next one on
    genres: tuple[str, ...]  # in the order of the probabilities
    recorder: Recorder
    osc: OscSender | None  # where answers are sent; None, at first, for nowhere
    devices: DeviceList | None  # what the last search found; None until the first one has ended
    hears_microphone: bool  # as the present source, or the last one; a file otherwise

    @property
    def models(self) -> Models:
        """What answers, and how to choose it."""

    @property
    def source_name(self) -> str:
        """The present source, or the last one, or the next: a file has its name before it is open. "" if unknown."""

    @property
    def state(self) -> EngineState:
        """The present state of the run."""

    @property
    def level(self) -> Level:
        """What a meter shows at this moment: of what runs, or of what is previewed."""

    @property
    def preview_status(self) -> str:
        """What is wrong with the microphone that is previewed, in one sentence; "" when nothing is."""

    @property
    def player(self) -> Player | None:
        """The file that is played; None while none is."""

    @property
    def missed(self) -> int:
        """Snapshots of this run that were dropped because nobody drained them in time."""

    def refresh_devices(self) -> None:
        """Search again; `devices` becomes another object when the search has ended."""

    def preview(self, device_key: str | None) -> None:
        """Meter a microphone and do nothing else with it, until something runs; "" for the default, None ends that."""

    def listen(self, device_key: str) -> None:
        """End what runs and listen to a microphone, in the same session. What goes wrong becomes `state`."""

    def play(self, path: Path) -> None:
        """End what runs and play a file at live pace. What goes wrong becomes `state`."""

    def play_pipe(self) -> None:
        """End what runs and play what standard input gives, at live pace."""

    def demo(self) -> None:
        """End what runs and play music that the program makes itself, at live pace."""

    def stop(self) -> None:
        """End what runs, if anything; may be called from any thread and more than once."""

    def begin_anew(self) -> None:
        """End what runs, and forget what it has given and what was recorded: another session begins."""

    def drain(self) -> list[Snapshot]:
        """All snapshots since the last call, oldest first; a run's go before those of the next one."""
