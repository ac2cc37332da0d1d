"""The inference thread: reads a source, answers every frame with both models, publishes snapshots."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from app.live.answering import Answerer
from app.live.protocol import EngineState
from app.stream.frames import FrameReader
from app.stream.models import Model
from app.stream.snapshot import Snapshot
from audio import AudioError, Block, Capture, Level, LevelMeter, Source

QUEUE_FRAMES = 1024  # snapshots that wait for a reader; the oldest go first
READ_SECONDS = 0.1  # how long a stop may go unnoticed
INVALID_SHOWN_SECONDS = 8.0
INVALID = "Some samples were no numbers (NaN or infinite) and are heard as silence: check the device or file."

log = logging.getLogger(__name__)


class Engine:
    """One run over one source, in a thread of its own, from now on.

    The source is opened and closed in that thread, so that nobody waits for a device. What goes wrong ends the
    run and becomes `state`; the snapshots so far can still be drained.

    wished_model: the one that is to answer, asked after every frame. on_block: see FrameReader.
    """

    def __init__(
        self,
        wished_model: Callable[[], Model],
        open_source: Callable[[], Source],
        on_block: Callable[[Block, int], None] | None = None,
    ) -> None:
        self.missed = 0  # snapshots dropped because nobody drained them in time
        self._wished_model = wished_model
        self._open_source = open_source
        self._on_block = on_block
        self._source: Source | None = None
        self._meter: LevelMeter | None = None
        self._invalid_shown_until: float | None = None  # on time.monotonic's clock; None until there is one
        self._state = EngineState("starting")
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._snapshots: deque[Snapshot] = deque(maxlen=QUEUE_FRAMES)
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    @property
    def state(self) -> EngineState:
        """The phase, with the source's own words and condition while it runs."""
        state, source = self._state, self._source
        if state.phase != "running" or source is None:
            return state
        message = source.status
        until = self._invalid_shown_until
        if not message and until is not None and time.monotonic() < until:
            message = INVALID
        return EngineState("running", message, source.state if isinstance(source, Capture) else "listening")

    @property
    def level(self) -> Level:
        """What a meter shows at this moment."""
        return Level() if self._meter is None else self._meter.level

    @property
    def source_name(self) -> str:
        return "" if self._source is None else self._source.name

    def request_stop(self) -> None:
        """Ask the run to end; returns at once."""
        self._stopping.set()

    def join(self, timeout: float) -> bool:
        """Wait for the run to end; False when it has not after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def drain(self) -> list[Snapshot]:
        """All snapshots since the last call, oldest first."""
        with self._lock:
            drained = list(self._snapshots)
            self._snapshots.clear()
        return drained

    def _run(self) -> None:
        try:
            with self._open_source() as source:
                self._source = source
                self._state = EngineState("running")
                log.info("the source is open, %d Hz", source.sample_rate)
                self._answer_all(source)
            self._state = EngineState("stopped" if self._stopping.is_set() else "ended")
        except AudioError as error:
            self._state = EngineState("failed", str(error))
        except Exception as error:  # a thread has nobody above it who could tell the user
            log.exception("the inference thread ended")
            self._state = EngineState("failed", f"Listening ended because of a fault in the program: {error!r}.")

    def _answer_all(self, source: Source) -> None:
        self._meter = LevelMeter(source.sample_rate)
        reader = FrameReader(source, self._wished_model().front_end, self._on_block, self._meter)
        answerer = Answerer(self._wished_model)
        while not (self._stopping.is_set() or reader.ended):
            frames = reader.read(READ_SECONDS)
            for frame in frames.singly():
                if self._stopping.is_set():
                    return
                self._publish(answerer.answer(frame))
                if frame.first == 0:
                    log.info("the first answer, for %.2f s of sound", frame.ends[0])
                answerer.catch_up()
            if not len(frames):
                answerer.catch_up()
            if reader.invalid_samples and self._invalid_shown_until is None:
                self._invalid_shown_until = time.monotonic() + INVALID_SHOWN_SECONDS
                log.warning("%s: %s", source.name, INVALID)

    def _publish(self, snapshot: Snapshot) -> None:
        with self._lock:
            self.missed += len(self._snapshots) == QUEUE_FRAMES
            self._snapshots.append(snapshot)
