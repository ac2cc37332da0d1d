"""Every answer of a session, in a few numbers per frame, to be exported: 7 MB an hour."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.stream.snapshot import Snapshot
from app.text import csv_row, to_json

SCHEMA = "nystream-session-1"
NUMBERS = ("seconds", "level_dbfs", "filled", "dropped", "log_mel_us", "tokenizer_us", "step_us", "twin_us")


class SessionLog:
    """Runs are numbered from 1, without those that had no frame; each has the name of its source."""

    def __init__(self, genres: tuple[str, ...]) -> None:
        self._genres = genres
        self._width = len(NUMBERS) + 2 * len(genres)
        self.clear()

    def __len__(self) -> int:
        """Frames so far."""
        return len(self._numbers) // self._width

    def clear(self) -> None:
        """Forget everything: another session begins."""
        self._numbers = array("f")
        self._runs = [(0, "")]  # number of the first frame, counted from 0, and the source

    def begin(self) -> None:
        """What comes from now on is another run."""
        self._runs.append((len(self), ""))

    def add(self, snapshot: Snapshot) -> None:
        """Remember this frame of the present run."""
        self._runs[-1] = self._runs[-1][0], snapshot.source
        spent = snapshot.nanoseconds
        twin = np.nan if spent.twin is None else spent.twin / 1e3
        self._numbers.extend((snapshot.seconds, snapshot.level_dbfs, snapshot.filled, snapshot.dropped))
        self._numbers.extend((spent.log_mel / 1e3, spent.tokenizer / 1e3, spent.step / 1e3, twin))
        self._numbers.extend(snapshot.smoothed)
        self._numbers.extend(snapshot.probabilities)

    def answers(self, frames: NDArray[np.intp]) -> NDArray[np.float32]:
        """(n,) numbers of frames, counted from 0 -> (n, 2, genres): smoothed, and of the frame alone."""
        chosen: NDArray[np.float32] = self._rows()[frames, len(NUMBERS) :]  # a copy: more can be added meanwhile
        return chosen.reshape(len(frames), 2, len(self._genres))

    def _rows(self) -> NDArray[np.float32]:
        return np.frombuffer(self._numbers, np.float32).reshape(-1, self._width)

    def as_csv(self) -> bytes:
        """One line a frame, a cell empty where nothing was measured; raw_* is of the frame alone, the rest smoothed."""
        raw = [f"raw_{genre}" for genre in self._genres]
        rows = [csv_row(["run", "source", *NUMBERS, "genre", *self._genres, *raw])]
        for run, source, genre, values in self._frames():
            cells = [f"{value:.6g}" if np.isfinite(value) else "" for value in values]
            rows.append(csv_row([run, source, *cells[: len(NUMBERS)], genre, *cells[len(NUMBERS) :]]))
        return "".join(rows).encode("utf-8", "backslashreplace")

    def as_json_lines(self) -> bytes:
        """One object a frame, after one that says what they are; null where nothing was measured."""
        lines = [to_json({"schema": SCHEMA, "genres": self._genres})]
        first, after = len(NUMBERS), len(NUMBERS) + len(self._genres)
        for run, source, genre, values in self._frames():
            shown = [round(float(value), 6) if np.isfinite(value) else None for value in values]
            frame = {
                "run": run,
                "source": source,
                **dict(zip(NUMBERS, shown[:first], strict=True)),
                "genre": genre,
                "probabilities": dict(zip(self._genres, shown[first:after], strict=True)),
                "raw": dict(zip(self._genres, shown[after:], strict=True)),
            }
            lines.append(to_json(frame))
        return ("\n".join(lines) + "\n").encode("utf-8")

    def _frames(self) -> Iterator[tuple[int, str, str, NDArray[np.float32]]]:
        """Number of the run, its source, the present genre, and all numbers: NUMBERS, then smoothed, then raw."""
        rows = self._rows().copy()
        ends = [first for first, _ in self._runs[1:]] + [len(rows)]
        runs = [(first, end, source) for (first, source), end in zip(self._runs, ends, strict=True) if first < end]
        for run, (first, end, source) in enumerate(runs, start=1):
            for values in rows[first:end]:
                leading = int(np.argmax(values[len(NUMBERS) :][: len(self._genres)]))
                yield run, source, self._genres[leading], values
