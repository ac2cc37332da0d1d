"""The past of a session in one store: the answers of every frame in a log, sound and costs of the last minutes, what
happened, and what was not heard. Only the log, which is there to be exported, and its times grow: 7 MB an hour.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.live.costs import SERIES_FRAMES, CostReport, report_costs
from app.live.session_log import SessionLog
from app.live.verdict import ZEROS_AFTER, Judge, Verdict
from app.stream.frames import RING_FRAMES
from app.stream.snapshot import ModelDescription, Snapshot
from app.text import window_length
from audio import BANDS, FFT_LENGTH, FRAME_SECONDS, SAMPLE_RATE

LONGEST_STEP = 1.5 * FRAME_SECONDS  # from one frame to the next; what is longer was not heard
EVENTS = 1000  # marks and stretches that are kept, each; the oldest go first
GAP_SECONDS = 1.0  # a shorter one is a loss
NOTICED_SECONDS = 0.001  # and a still shorter one is the rounding of times

MarkKind = Literal["source", "model", "seek", "gap", "loss"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at that time of the session."""

    seconds: float
    kind: MarkKind
    text: str  # a few words for the user


@dataclass(frozen=True, slots=True)
class Era:
    """A time in which one model heard one source, by one backend."""

    begin: float  # s
    model: ModelDescription
    backend: str = ""  # what computes the continual model
    source: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """What was known after one frame, the last one included."""

    frame: int  # how many frames had come, 1 for the first one
    seconds: float
    smoothed: NDArray[np.float32]  # (genres,)
    raw: NDArray[np.float32]  # (genres,) of the frame alone
    twin: NDArray[np.float32] | None  # (genres,) the twin's smoothed answer; None where it is not known
    verdict: Verdict | None  # None before the last minutes
    model: ModelDescription
    source: str


class Past:
    """Fed with every snapshot in order. A session has runs, one for each source that was chosen: each goes on where the
    one before it ended, so that frames are numbered from 1, and times never fall, through the whole session.

    model: what is to answer first. marks: what happened, oldest first. unheard: (begin, end) s of the session's time
    from which no sound is known, oldest first: it was lost, or there were only zeros.
    """

    def __init__(self, genres: tuple[str, ...], model: ModelDescription) -> None:
        self.genres = genres
        self.log = SessionLog(genres)
        # Filled at once: memory does not grow later.
        self._rows = np.zeros(RING_FRAMES, row_of(len(genres)))
        self._verdicts = [Verdict("listening")] * RING_FRAMES
        self.begin(model)

    def begin(self, model: ModelDescription) -> None:
        """Another session begins, and this is to answer first."""
        self._times = array("d")  # s of every frame
        self.marks: deque[Mark] = deque(maxlen=EVENTS)
        self.unheard: deque[tuple[float, float]] = deque(maxlen=EVENTS)
        self._run: int | None = None
        self._offset = self._lost_before = 0.0  # s of all runs before this one
        self._jumps = 0
        self.verdict = Verdict("listening")  # what is said of the newest frame
        self.log.clear()
        self._judge = Judge()
        self._eras = [Era(0.0, model)]  # rows count them
        self._largest, self._saved = np.nan, 0  # difference, FLOPs
        self._changes = 0  # of what is said

    @property
    def frames(self) -> int:
        """How many there were."""
        return len(self._times)

    @property
    def seconds(self) -> float:
        """Time of the newest frame."""
        return self._times[-1] if self._times else 0.0

    @property
    def model(self) -> ModelDescription:
        """The one that answered last."""
        return self._eras[-1].model

    def add(self, snapshots: Sequence[Snapshot]) -> None:
        """The session's next frames."""
        for snapshot in snapshots:
            if snapshot.run != self._run:
                self._begin_run(snapshot)
            self._note_events(snapshot)
            self._add(snapshot)
            self.log.add(snapshot)

    def _begin_run(self, snapshot: Snapshot) -> None:
        """It goes on where the one before ended: what was lost before its first frame is a gap like any other."""
        if self._run is not None:
            self.log.begin()
            self._offset = self.seconds
            self._lost_before = float(self._rows[(self.frames - 1) % len(self._rows)]["lost"])
            self._judge = Judge()
        self._run, self._jumps = snapshot.run, snapshot.jumps
        self.marks.append(Mark(self._offset, "source", snapshot.source))

    def _note_events(self, snapshot: Snapshot) -> None:
        """Marks, and what was not heard, between the last frame and this one."""
        before, now = self.seconds, self._offset + snapshot.seconds
        era = self._eras[-1]
        model = snapshot.model or era.model
        if model is not era.model or (snapshot.backend, snapshot.source) != (era.backend, era.source):
            if self.frames and model is not era.model:
                is_same = model.choice == era.model.choice
                text = f"remembers {window_length(model.window_seconds)}" if is_same else model.choice.name
                self.marks.append(Mark(now, "model", text))
            self._eras.append(Era(now, model, snapshot.backend, snapshot.source))
        if snapshot.jumps != self._jumps:
            self._jumps = snapshot.jumps
            self.marks.append(Mark(now, "seek", "another place in the file"))
        missing = now - before - (FRAME_SECONDS if before > self._offset else FFT_LENGTH / SAMPLE_RATE)
        if missing > NOTICED_SECONDS:
            length = f"{missing:.1f} s" if missing >= GAP_SECONDS else f"{1000 * missing:.0f} ms"
            self.marks.append(Mark(before, "gap" if missing >= GAP_SECONDS else "loss", f"{length} not heard"))
            self.unheard.append((before, before + missing))
        previous = self.verdict
        self.verdict = self._judge.judge(snapshot.smoothed, snapshot.unsure, snapshot.level_dbfs)
        if {previous.kind, self.verdict.kind} <= {"genre", "unsure"}:
            self._changes += self.verdict.said != previous.said
        if self.verdict.kind == "zeros":
            begin = max(now - ZEROS_AFTER * FRAME_SECONDS, self._offset)
            if self.unheard and self.unheard[-1][1] >= begin:
                begin, _ = self.unheard.pop()
            self.unheard.append((begin, now))

    def _add(self, snapshot: Snapshot) -> None:
        spent, difference = snapshot.nanoseconds, snapshot.difference
        if difference is not None:
            self._largest = float(np.fmax(difference, self._largest))
        self._saved += snapshot.saved_flops
        at = self.frames % len(self._rows)
        self._rows[at] = (
            snapshot.filled,
            self._lost_before + snapshot.lost_seconds,
            spent.log_mel + spent.tokenizer,
            spent.step,
            np.nan if spent.twin is None else spent.twin,
            np.nan if difference is None else difference,
            self._largest,
            self._saved,
            self._changes,
            snapshot.saved_flops,
            snapshot.twin_every,
            len(self._eras) - 1,
            np.nan if snapshot.twin_smoothed is None else snapshot.twin_smoothed,
            snapshot.log_mel,
        )
        self._verdicts[at] = self.verdict
        self._times.append(self._offset + snapshot.seconds)

    def _kept(self, end: int, count: int) -> NDArray[np.intp]:
        """Which rows are the frames before number `end`, at most `count` of those that are kept, oldest first."""
        first = max(0, end - count, self.frames - len(self._rows))
        return np.arange(first, max(first, end)) % len(self._rows)

    def report(self, after: int | None = None) -> CostReport:
        """The costs of now, or as they were `after` so many frames, of which the last minutes are kept."""
        end = self.frames if after is None else after
        rows = self._rows[self._kept(end, SERIES_FRAMES)]
        era = self._eras[rows[-1]["era"] if len(rows) else 0]
        return report_costs(rows, end, era.model, era.backend)

    def at(self, seconds: float) -> Moment | None:
        """The last moment not after this time, or the first one there is; None when there is none."""
        if not self.frames:
            return None
        number = max(int(self._before(np.array([seconds]))[0]), 0)
        then, (smoothed, raw) = self._times[number], self.log.answers(np.array([number]))[0]
        if number >= self.frames - len(self._rows):
            row, verdict = self._rows[number % len(self._rows)], self._verdicts[number % len(self._rows)]
            twin = None if np.isnan(row["twin_smoothed"][0]) else row["twin_smoothed"].copy()
            era = self._eras[row["era"]]
        else:
            twin = verdict = None
            era = next(era for era in reversed(self._eras) if era.begin <= then or era is self._eras[0])
        return Moment(number + 1, then, smoothed, raw, twin, verdict, era.model, era.source)

    def curve(self, begin: float, end: float, columns: int) -> NDArray[np.float32]:
        """(columns, genres) the answers at the middle of so many equal parts of a time; NaN where nothing was heard."""
        middles = begin + (np.arange(columns) + 0.5) * (end - begin) / columns
        curve = np.full((columns, len(self.genres)), np.nan, dtype=np.float32)
        if not self.frames:
            return curve
        before = self._before(middles)
        heard = (before >= 0) & (middles <= self.seconds)
        heard &= middles - np.frombuffer(self._times)[before] < LONGEST_STEP
        curve[heard] = self.log.answers(before[heard])[:, 0]
        for unheard_begin, unheard_end in self.unheard:
            curve[(middles > unheard_begin) & (middles < unheard_end)] = np.nan
        return curve

    def _before(self, seconds: NDArray[np.float64]) -> NDArray[np.intp]:
        """The numbers of the last frames not after these times, counted from 0; -1 before the first."""
        return np.searchsorted(np.frombuffer(self._times), seconds, side="right") - 1

    def sound(self, begin: float, end: float, columns: int) -> NDArray[np.float32]:
        """(columns, bands) dB, the mean of the frames in each of so many equal parts of a time, or the frame that a
        part lies in; NaN where nothing was heard, and before the last minutes.
        """
        sound = np.full((columns, BANDS), np.nan, dtype=np.float32)
        kept = self._kept(self.frames, len(self._rows))
        times = np.frombuffer(self._times)[self.frames - len(kept) :].copy()
        edges = np.searchsorted(times, begin + np.arange(columns + 1) * (end - begin) / columns)
        first = int(edges[0])
        if first == len(kept):
            return sound
        # One more than there are, so that the last part has an end.
        heard = self._rows["log_mel"][np.append(kept, kept[-1])[first : edges[-1] + 1]]
        means = np.add.reduceat(heard, edges - first, axis=0)[:-1] / np.maximum(np.diff(edges), 1)[:, None]
        # A frame ends at its time: a part that holds none lies in the next one, if there is one.
        middles = begin + (np.arange(columns) + 0.5) * (end - begin) / columns
        inside = np.append(times, np.inf)[edges[:-1]] - middles < LONGEST_STEP
        sound[inside] = means[inside]
        return sound


def row_of(genres: int) -> np.dtype[np.void]:
    """What is kept of one frame."""
    return np.dtype(
        [
            ("filled", np.float32),
            ("lost", np.float64),  # s of sound, over the session
            ("shared", np.float64),  # ns of log-mel and stem
            ("step", np.float64),  # ns of the continual encoder
            ("twin", np.float64),  # ns; NaN where the twin did not answer
            ("difference", np.float64),  # between the two answers; NaN as before
            ("largest", np.float64),  # over the session
            ("saved", np.int64),  # FLOPs, over the session
            ("changes", np.int64),  # of what is said, over the session
            ("avoided", np.int64),  # FLOPs, of this frame alone
            ("every", np.int64),  # the twin answers every k-th frame
            ("era", np.int64),  # position of its model and backend
            ("twin_smoothed", np.float32, (genres,)),  # NaN where it is not known
            ("log_mel", np.float32, (BANDS,)),  # dB
        ]
    )
