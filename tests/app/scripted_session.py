"""A session for the window's tests: what the test queues is what the window drains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.live.osc import OscSender
from app.live.protocol import DeviceList, EngineState, InputDeviceChoice
from app.live.recording import Recorder
from app.stream.snapshot import FrameFlops, ModelChoice, ModelDescription, Snapshot, StepTimes, Timing
from audio import BANDS, Level

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
TWO_MICROPHONES = DeviceList(
    (InputDeviceChoice("Headset", "headset"), InputDeviceChoice("Desk microphone", "desk", is_default=True))
)


FLOPS = FrameFlops(
    shared={"log-mel": 200_000, "stem": 1_800_000},
    step={"attention": 100_000, "head": 100_000},
    twin={"attention": 79_900_000, "head": 100_000},
)
MODEL = ModelDescription(ModelChoice("", "Continual Test, fixed landmarks"), 387, 30.0, FLOPS, 412_000, 645_000)


class ScriptedPlayer:
    """A file that is played: 100 s long."""

    duration: float | None = 100.0

    def __init__(self) -> None:
        self.paused = False
        self.position = 0.0

    def seek(self, seconds: float) -> None:
        self.position = seconds


class ScriptedModels:
    """Implements app.live.protocol.Models; tells `asked` what it was asked."""

    choices: tuple[ModelChoice, ...] = (
        ModelChoice("", "Continual Test, fixed landmarks"),
        ModelChoice("soft", "Continual Transformer"),
    )
    windows: tuple[float, ...] = (5.0, 30.0, 300.0)

    def __init__(self, asked: list[str]) -> None:
        self.description = MODEL
        self.problem = ""
        self.steps: StepTimes | None = None
        self.full_twin: StepTimes | None = None
        self._asked = asked

    def choose(self, key: str, window_seconds: float) -> None:
        self._asked.append(f"model {key!r} {window_seconds:g}")

    def measure(self, window_seconds: float) -> None:
        self._asked.append(f"measure {window_seconds:g}")


class ScriptedSession:
    """Implements app.live.protocol.Session; remembers what it was asked."""

    genres: tuple[str, ...] = GENRES
    frame_seconds = 1708 / 22050

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.models = ScriptedModels(self.asked)
        self.devices: DeviceList | None = TWO_MICROPHONES
        self.source_name = ""
        self.hears_microphone = False
        self.state = EngineState("idle")
        self.missed = 0
        self.aloud = False
        self.recorder = Recorder()
        self.osc: OscSender | None = None
        self.level = Level()
        self.preview_status = ""
        self.player: ScriptedPlayer | None = None
        self._queue: list[Snapshot] = []

    def queue(self, snapshots: Sequence[Snapshot]) -> None:
        """The next drain gives these too."""
        self._queue += snapshots

    def refresh_devices(self) -> None:
        self.asked.append("refresh")

    def listen(self, device_key: str) -> None:
        self.asked.append(f"listen {device_key}")
        self.source_name, self.hears_microphone, self.state = device_key, True, EngineState("running")

    def play(self, path: Path) -> None:
        self.asked.append(f"play {path}")
        self.source_name, self.hears_microphone, self.state = path.name, False, EngineState("running")

    def play_pipe(self) -> None:
        self.asked.append("play pipe")
        self.source_name, self.hears_microphone, self.state = "standard input", False, EngineState("running")

    def preview(self, device_key: str | None) -> None:
        self.asked.append(f"preview {device_key}")

    def demo(self) -> None:
        self.asked.append("demo")
        self.source_name, self.hears_microphone, self.state = "demo", False, EngineState("running")

    def stop(self) -> None:
        self.asked.append("stop")
        self.state = EngineState("stopped")

    def begin_anew(self) -> None:
        self.asked.append("begin anew")
        self.source_name, self.state, self._queue = "", EngineState("idle"), []
        self.recorder.forget()

    def drain(self) -> list[Snapshot]:
        drained, self._queue = self._queue, []
        return drained


def snapshot(
    index: int = 0,
    favourite: str = "jazz",
    share: float = 0.64,
    raw_favourite: str | None = None,
    step: int = 100_000,
    twin: int | None = 4_000_000,
    shared: int = 150_000,
    difference: float = 0.0,
    level_dbfs: float = -18.0,
    filled: float = 0.4,
    dropped: int = 0,
    decibels: float = -20.0,
    twin_every: int = 1,
    saved_flops: int = 79_800_000,
    lost_seconds: float = 0.0,
    backend: str = "torch",
    model: ModelDescription | None = None,
    unsure: bool = False,
    run: int = 1,
    source: str = "desk",
    jumps: int = 0,
) -> Snapshot:
    """A frame on which `favourite` has probability `share`; times in nanoseconds."""
    probabilities = answer(raw_favourite or favourite, share)
    twin_probabilities = probabilities.copy()
    twin_probabilities[0] += difference
    return Snapshot(
        index=index,
        seconds=index * ScriptedSession.frame_seconds,
        log_mel=np.full(BANDS, decibels, dtype=np.float32),
        probabilities=probabilities,
        smoothed=answer(favourite, share),
        twin_probabilities=None if twin is None else twin_probabilities,
        filled=filled,
        level_dbfs=level_dbfs,
        nanoseconds=Timing(log_mel=shared // 3, tokenizer=shared - shared // 3, step=step, twin=twin),
        dropped=dropped,
        twin_every=twin_every,
        saved_flops=saved_flops,
        lost_seconds=lost_seconds,
        twin_smoothed=None if twin is None else answer(favourite, share),
        backend=backend,
        model=model,
        unsure=unsure,
        run=run,
        source=source,
        jumps=jumps,
    )


def sound(count: int = 40, favourite: str = "jazz", share: float = 0.9, first: int = 0, **more: Any) -> list[Snapshot]:
    """Frames enough for a genre to be named, the last one with a full window."""
    return [snapshot(first + index, favourite, share, **more) for index in range(count)]


def answer(favourite: str, share: float) -> np.ndarray:
    """(10,) probabilities: `share` for one genre, the rest evenly for the others."""
    probabilities = np.full(len(GENRES), (1 - share) / (len(GENRES) - 1))
    probabilities[GENRES.index(favourite)] = share
    return probabilities
