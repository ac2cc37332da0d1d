"""What a session leaves behind when the user asks for it: answers, a picture, the recorded sound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSaveFile
from PySide6.QtWidgets import QFileDialog, QWidget

from app.live.recording import Recorder, wav_bytes
from app.live.session_log import SessionLog

NOTHING_HEARD = "There is nothing to export yet: listen to something first."
NOTHING_RECORDED = "Nothing has been recorded: switch on Source, Record the last minutes, and listen."


def ask_where(parent: QWidget, title: str, name: str, kind: str, folder: str) -> Path | None:
    """`kind` such as "CSV (*.csv)"; None when the user thinks better of it."""
    chosen, _kind = QFileDialog.getSaveFileName(parent, title, str(Path(folder) / name), f"{kind};;All files (*)")
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix else path.with_suffix(Path(name).suffix)


def save(path: Path, content: bytes) -> str:
    """Write it -> "" or one sentence that says why not and what to do."""
    file = QSaveFile(str(path))
    written = file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(content) == len(content)
    if written and file.commit():
        return ""
    return f"{path.name} could not be written ({file.errorString()}): choose another place, or make room."


def png_of(widget: QWidget) -> bytes:
    """What the widget shows."""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab().save(buffer, "PNG")
    return bytes(content.data())


class Exports:
    """`say` tells the user how it went; `folder` is where the last file was."""

    def __init__(self, window: QWidget, log: SessionLog, recorder: Recorder, say: Callable[[str], None]) -> None:
        self._window, self._log, self._recorder, self._say = window, log, recorder, say
        self.folder = ""

    def answers_as_csv(self) -> None:
        """Every answer, for spreadsheets."""
        self._answers("csv", "CSV (*.csv)", self._log.as_csv)

    def answers_as_json_lines(self) -> None:
        """Every answer, for programs."""
        self._answers("jsonl", "JSON Lines (*.jsonl)", self._log.as_json_lines)

    def picture(self) -> None:
        """The window as it is."""
        content = png_of(self._window)  # before a dialog covers it
        self._write("png", "Picture (*.png)", lambda: content)

    def sound(self) -> None:
        """What was recorded."""
        samples, rate = self._recorder.samples()
        if len(samples):
            self._write("wav", "Sound (*.wav)", lambda: wav_bytes(samples, rate))
        else:
            self._say(NOTHING_RECORDED)

    def _answers(self, suffix: str, kind: str, content: Callable[[], bytes]) -> None:
        if len(self._log):
            self._write(suffix, kind, content)
        else:
            self._say(NOTHING_HEARD)

    def _write(self, suffix: str, kind: str, content: Callable[[], bytes]) -> None:
        name = f"nystream {datetime.now():%Y-%m-%d %H.%M.%S}.{suffix}"
        path = ask_where(self._window, "Export", name, kind, self.folder)
        if path is not None:
            self.folder = str(path.parent)
            self._say(save(path, content()) or f"Saved {Path(path).name}.")
