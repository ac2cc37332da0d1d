"""The answer to a whole file, once it has been heard to its end: the one that `nystream classify` gives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.files.answer import FileAnswer
from app.files.parameters import Parameters
from app.live.protocol import EngineState
from app.live.verdict import Kind, Verdict
from app.stream.models import identify


class WholeFile(QObject):
    """Told which file is played and how that goes; `verdict` is None until the file is over and summed up.

    weights: of the model that is to answer, asked at the end. It has its own window, as the command's has.
    """

    _answered = Signal(object, object)  # path, FileAnswer or FileError; in the window's thread

    def __init__(self, parent: QObject, genres: tuple[str, ...], weights: Callable[[], Path]) -> None:
        super().__init__(parent)
        self._genres, self._weights = genres, weights
        self._path: Path | None = None
        self._asked = False
        self.verdict: Verdict | None = None
        self._answered.connect(self._take)

    def begin(self, path: Path | None) -> None:
        """This is played from now on; None for what is no file."""
        self._path, self._asked, self.verdict = path, False, None

    def watch(self, state: EngineState) -> None:
        """Sum up when the file has ended."""
        if self._path is not None and state.phase == "ended" and not self._asked:
            self._asked = True
            arguments = self._path, self._weights()
            threading.Thread(target=self._sum_up, args=arguments, name="whole file", daemon=True).start()

    def _sum_up(self, path: Path, weights: Path) -> None:
        from app.files.classify import Task, perform  # only now: the window does not wait for it

        task = Task(str(path), str(weights), identify(weights)["hash"], Parameters(), fingerprint=False)
        self._answered.emit(path, perform(task).result)

    def _take(self, path: Path, answer: object) -> None:
        if path is self._path and isinstance(answer, FileAnswer):  # or something else is played by now
            shares = sorted(answer.probabilities, key=lambda genre: answer.probabilities[genre], reverse=True)
            best, other = (self._genres.index(genre) for genre in shares[:2])
            kind: Kind = "silence" if answer.verdict == "cancelled" else answer.verdict
            self.verdict = Verdict(kind, best, other, answer.probability)
