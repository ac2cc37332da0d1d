"""The session behind the window: one model, one run at a time, sources opened on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.demo.source import DemoSource
from app.live.engine import Engine
from app.live.model_choice import ModelChooser
from app.live.osc import OscSender
from app.live.protocol import DeviceList, EngineState, InputDeviceChoice
from app.live.recording import Recorder
from app.stream.snapshot import Snapshot
from audio import (
    AudioError,
    Block,
    FilePlayer,
    Level,
    LevelPreview,
    LivePacedSource,
    Microphone,
    PipePlayer,
    PlayedAloud,
    Source,
    StreamSource,
    input_devices,
    system_sound_help,
)

STANDARD_INPUT = "standard input"
HAND_OVER_SECONDS = 3.0  # how long a new run waits for the one before it to release its device


class LiveSession:
    """Implements app.live.protocol.Session. `speed` is that of files: 1 live, infinity does not wait."""

    def __init__(self, models: ModelChooser, speed: float = 1.0) -> None:
        self._speed = speed
        self.models = models
        self.genres = models.model.config.genres
        self.aloud = False
        self.recorder = Recorder()
        self.osc: OscSender | None = None
        self._engine: Engine | None = None
        self._before: list[Engine] = []  # those of earlier runs that may still have something to drain
        self._runs = self._forgotten = 0  # how many there were, and were of sessions before this one
        self._preview: LevelPreview | None = None
        self._player: FilePlayer | None = None
        self.hears_microphone = False
        self._wished_name = ""
        self.devices: DeviceList | None = None

    @property
    def source_name(self) -> str:
        return self._wished_name if self._engine is None else self._engine.source_name or self._wished_name

    @property
    def state(self) -> EngineState:
        return EngineState("idle") if self._engine is None else self._engine.state

    @property
    def missed(self) -> int:
        return 0 if self._engine is None else self._engine.missed

    def refresh_devices(self) -> None:
        threading.Thread(target=self._search, name="device search", daemon=True).start()

    @property
    def level(self) -> Level:
        if self._engine is not None and self.state.phase == "running":
            return self._engine.level
        return Level() if self._preview is None else self._preview.level

    @property
    def preview_status(self) -> str:
        return "" if self._preview is None else self._preview.status

    @property
    def player(self) -> FilePlayer | None:
        return self._player if self.state.phase == "running" else None

    def listen(self, device_key: str) -> None:
        self._begin(lambda: Microphone(device_key or None), on_microphone=True, wished_name="")

    def play(self, path: Path) -> None:
        def open_file() -> Source:
            player = FilePlayer(path, self._speed)
            self._player = player
            return self._audible(player)

        self._begin(open_file, on_microphone=False, wished_name=path.name)

    def play_pipe(self) -> None:
        def open_pipe() -> Source:
            return self._audible(LivePacedSource(PipePlayer(StreamSource(0)), self._speed))

        self._begin(open_pipe, on_microphone=False, wished_name=STANDARD_INPUT)

    def demo(self) -> None:
        self._begin(
            lambda: self._audible(LivePacedSource(DemoSource(), self._speed)),
            on_microphone=False,
            wished_name=DemoSource.name,
        )

    def _audible(self, source: Source) -> Source:
        return PlayedAloud(source) if self.aloud and self._speed == 1.0 else source

    def preview(self, device_key: str | None) -> None:
        before = self._end_preview()
        if device_key is not None:
            self._preview = LevelPreview(_after(before, lambda: Microphone(device_key or None)))

    def stop(self) -> None:
        self._end_preview()
        if self._engine is not None:
            self._engine.request_stop()

    def close(self, timeout: float = HAND_OVER_SECONDS) -> bool:
        """Stop, and wait until the device is free; False when it is not after `timeout` seconds."""
        preview = self._preview
        self.stop()
        if self.osc is not None:
            self.osc.close()
        free = preview is None or preview.join(timeout)
        return free and (self._engine is None or self._engine.join(timeout))

    def _end_preview(self) -> LevelPreview | None:
        preview, self._preview = self._preview, None
        if preview is not None:
            preview.stop()
        return preview

    def drain(self) -> list[Snapshot]:
        drained: list[Snapshot] = []
        for engine in self._before:
            ended = engine.join(0.0)  # asked first: what it has published by then is all
            drained += engine.drain()
            if ended:
                self._before = [other for other in self._before if other is not engine]
        # A run begins when the one before it has ended, or does not answer: then its last frames are given up.
        return drained if self._engine is None else drained + self._engine.drain()

    def begin_anew(self) -> None:
        self.stop()
        self._before, self._engine, self._player = [], None, None
        self._wished_name, self._forgotten = "", self._runs
        self.recorder.forget()

    def _begin(self, open_source: Callable[[], Source], on_microphone: bool, wished_name: str) -> None:
        open_source = _after(self._engine, _after(self._preview, open_source))
        self.stop()
        self._player = None
        self.hears_microphone, self._wished_name = on_microphone, wished_name
        if self._engine is not None:
            self._before.append(self._engine)
        self._runs += 1
        record = partial(self._record, self._runs)
        self._engine = Engine(lambda: self.models.model, open_source, record, self._runs, self._send)

    def _record(self, run: int, block: Block, sample_rate: int) -> None:
        if run > self._forgotten:  # what still comes of an ended session is not wanted
            self.recorder.push(block, sample_rate)

    def _send(self, snapshot: Snapshot) -> None:
        osc = self.osc  # the window may switch it off meanwhile
        if osc is not None and snapshot.run == self._runs:
            osc.push(snapshot.smoothed, snapshot.unsure, snapshot.level_dbfs)

    def _search(self) -> None:
        try:
            found = input_devices(refresh=True)
        except AudioError as error:
            self.devices = DeviceList(problem=str(error))
            return
        self.devices = DeviceList(
            tuple(InputDeviceChoice(device.label, device.key, device.is_default) for device in found),
            "" if found else "No microphone was found: connect one and refresh the list, or open a file instead.",
            system_sound_help(found),
        )


def _after(before: Engine | LevelPreview | None, open_source: Callable[[], Source]) -> Callable[[], Source]:
    """Opens the source when what ran before, and has been told to stop, has released its device."""

    def open_when_free() -> Source:
        if before is not None:
            before.join(HAND_OVER_SECONDS)
        return open_source()

    return open_when_free
