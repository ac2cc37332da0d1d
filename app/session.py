"""The session behind the window: one model, one run at a time, sources opened on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from app.engine import Engine
from app.session_protocol import DeviceList, EngineState, FrameFlops, InputDeviceChoice
from app.snapshot import Snapshot
from audio import (
    FRAME_SECONDS,
    SAMPLE_RATE,
    AudioError,
    FileSource,
    LivePacedSource,
    Microphone,
    Source,
    StreamingLogMel,
    input_devices,
)
from model import Classifier, step_cost, twin_cost

HAND_OVER_SECONDS = 3.0  # how long a new run waits for the one before it to let go of its device


class LiveSession:
    """Implements app.session_protocol.Session. `speed` is that of files: 1 live, infinity does not wait."""

    frame_seconds = FRAME_SECONDS
    highest_frequency = SAMPLE_RATE / 2

    def __init__(self, classifier: Classifier, speed: float = 1.0) -> None:
        self._classifier = classifier
        self._speed = speed
        self._engine: Engine | None = None
        self._on_microphone = False
        self._wished_name = ""
        self._devices: DeviceList | None = None
        self._device_lock = threading.Lock()  # PortAudio must not be searched anew while a stream is being opened
        self.genres = classifier.config.genres
        self.window_seconds = classifier.config.window * FRAME_SECONDS
        self.flops = frame_flops(classifier)

    @property
    def devices(self) -> DeviceList | None:
        return self._devices

    @property
    def source_name(self) -> str:
        return self._wished_name if self._engine is None else self._engine.source_name or self._wished_name

    @property
    def hears_microphone(self) -> bool:
        return self._on_microphone

    @property
    def state(self) -> EngineState:
        return EngineState("idle") if self._engine is None else self._engine.state

    @property
    def missed(self) -> int:
        return 0 if self._engine is None else self._engine.missed

    def refresh_devices(self) -> None:
        threading.Thread(target=self._search, name="device search", daemon=True).start()

    def listen(self, device_key: str) -> None:
        device = int(device_key) if device_key.isdigit() else device_key or None

        def open_microphone() -> Source:
            with self._device_lock:
                return Microphone(device)

        self._begin(open_microphone, on_microphone=True, wished_name="")

    def play(self, path: Path) -> None:
        self._begin(lambda: LivePacedSource(FileSource(path), self._speed), on_microphone=False, wished_name=path.name)

    def stop(self) -> None:
        if self._engine is not None:
            self._engine.request_stop()

    def close(self, timeout: float = HAND_OVER_SECONDS) -> bool:
        """Stop, and wait until the device is free; False when it is not after `timeout` seconds."""
        self.stop()
        return self._engine is None or self._engine.join(timeout)

    def drain(self) -> list[Snapshot]:
        return [] if self._engine is None else self._engine.drain()

    def _begin(self, open_source: Callable[[], Source], on_microphone: bool, wished_name: str) -> None:
        before = self._engine

        def open_after_the_run_before() -> Source:
            if before is not None:
                before.join(HAND_OVER_SECONDS)
            return open_source()

        self.stop()
        self._on_microphone, self._wished_name = on_microphone, wished_name
        self._engine = Engine(self._classifier, open_after_the_run_before)
        self._engine.start()

    def _search(self) -> None:
        # A search anew would end the stream of a microphone that is listening.
        try:
            with self._device_lock:
                listening = self._on_microphone and self.state.phase in ("starting", "running")
                found = input_devices(refresh=not listening)
        except AudioError as error:
            self._devices = DeviceList(problem=str(error))
            return
        self._devices = DeviceList(
            tuple(InputDeviceChoice(device.name, str(device.index), device.is_default) for device in found),
            "" if found else "No microphone was found: connect one and refresh the list, or open a file instead.",
        )


def frame_flops(classifier: Classifier) -> FrameFlops:
    """FLOPs of one frame by part: log-mel and stem are common to both models."""
    step, twin = step_cost(classifier.config).parts, twin_cost(classifier.config).parts
    shared = {"log-mel": StreamingLogMel().frame_flops(), "stem": step["stem"]}
    return FrameFlops(
        shared,
        {part: flops for part, flops in step.items() if part != "stem"},
        {part: flops for part, flops in twin.items() if part != "stem"},
    )
