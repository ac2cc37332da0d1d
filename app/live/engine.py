"""The inference thread: reads a source, answers every frame with both models, publishes snapshots."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from app.live.answering import Answerer
from app.live.protocol import EngineState, Phase
from app.stream.frames import FrameReader
from app.stream.models import Model
from app.stream.snapshot import Snapshot
from audio import AudioError, Block, Level, LevelMeter, Source
from audio.source import SourceState

QUEUE_FRAMES = 1024  # snapshots that wait for a reader; the oldest go first
READ_SECONDS = 0.05  # how long a stop, or another state of the source, may go unnoticed
ZERO_SECONDS = 0.4  # of exact zeros, until the source counts as silent; as audio.watchdog says of a device
INVALID_SHOWN_SECONDS = 8.0
INVALID = "Some samples are NaN, infinite or absurdly large and are heard as silence: check the device or file."

log = logging.getLogger(__name__)


class Engine:
    """One run over one source, in a thread of its own, from now on.

    The source is opened and closed in that thread, so that nobody waits for a device. What goes wrong ends the
    run and becomes `state`; the snapshots so far can still be drained.

    wished_model: the one that is to answer, asked after every frame. on_block: see FrameReader. number: of the run,
    which every snapshot carries. on_answer is told of every snapshot, in the reading thread: it must not wait.
    """

    def __init__(
        self,
        wished_model: Callable[[], Model],
        open_source: Callable[[], Source],
        on_block: Callable[[Block, int], None] | None = None,
        number: int = 0,
        on_answer: Callable[[Snapshot], object] = lambda _: None,
    ) -> None:
        self.state = EngineState("starting", since=time.monotonic())
        self.missed = 0  # snapshots dropped because nobody drained them in time
        self._wished_model = wished_model
        self._on_block = on_block
        self._number, self._on_answer = number, on_answer
        self._source: Source | None = None
        self._meter: LevelMeter | None = None
        self._invalid_shown_until: float | None = None  # on time.monotonic's clock; None until there is one
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._snapshots: deque[Snapshot] = deque(maxlen=QUEUE_FRAMES)
        self._thread = threading.Thread(target=self._run, args=(open_source,), name="inference", daemon=True)
        self._thread.start()

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

    def _run(self, open_source: Callable[[], Source]) -> None:
        try:
            with open_source() as source:
                self._source = source
                log.info("the source is open, %d Hz", source.sample_rate)
                self._enter("running")
                self._answer_all(source)
            self._enter("stopped" if self._stopping.is_set() else "ended")
        except AudioError as error:
            self._enter("failed", str(error))
        except Exception as error:  # a thread has nobody above it who could tell the user
            log.exception("the inference thread ended")
            self._enter("failed", f"Listening ended because of a fault in the program: {error!r}.")

    def _enter(self, phase: Phase, message: str = "", source: SourceState = "listening") -> None:
        """Publish a state, and note in the log what is new in it."""
        before = self.state
        state = EngineState(phase, message, source, before.since)
        if state.not_live != before.not_live:
            state = replace(state, since=time.monotonic())
        if (state.not_live, message) != (before.not_live, before.message):
            log.info("%s: %s", self.source_name or "the source", " ".join([state.not_live or "live", message]).strip())
        self.state = state

    def _watch(self, source: Source, meter: LevelMeter) -> None:
        message, state = source.status, source.state
        until = self._invalid_shown_until
        if not message and until is not None and time.monotonic() < until:
            message = INVALID
        if state == "listening" and meter.zero_seconds >= ZERO_SECONDS:
            state = "zeros"
        self._enter("running", message, state)

    def _answer_all(self, source: Source) -> None:
        meter = self._meter = LevelMeter(source.sample_rate)
        reader = FrameReader(source, self._on_block, meter)
        answerer = Answerer(self._wished_model)
        while not (self._stopping.is_set() or reader.ended):
            frames = reader.read(READ_SECONDS)
            self._watch(source, meter)
            for frame in frames.singly():
                if self._stopping.is_set():
                    return
                answered = answerer.answer(frame)
                self._publish(replace(answered, run=self._number, source=source.name, jumps=source.jumps))
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
        self._on_answer(snapshot)
