"""What a session leaves behind when the user asks for it: answers, a picture, the recorded sound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QSaveFile
from PySide6.QtWidgets import QFileDialog, QWidget

from app.live.recording import Recorder, wav_bytes
from app.live.session_log import SessionLog

NOTHING_HEARD = "There is nothing to export yet: listen to something first."
NOTHING_RECORDED = "Nothing has been recorded: switch on Source, Record the last minutes, and listen."


def ask_where(parent: QWidget, name: str, kind: str, folder: str) -> Path | None:
    """Where to write a file of this kind, such as "CSV"; None when the user thinks better of it."""
    suffix = Path(name).suffix
    kinds = f"{kind} (*{suffix});;All files (*)"
    chosen, _kind = QFileDialog.getSaveFileName(parent, "Export", str(Path(folder) / name), kinds)
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix else path.with_suffix(suffix)


def save(path: Path, content: bytes) -> tuple[bool, str]:
    """Write it -> whether that worked, and one sentence: that it is saved, or why not and what to do."""
    file = QSaveFile(str(path))
    written = file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(content) == len(content)
    if written and file.commit():
        return True, f"Saved {path.name}."
    return False, f"{path.name} could not be written ({file.errorString()}): choose another place, or make room."


class Exports:
    """`say` tells the user how it went; `folder` is where the last file was."""

    def __init__(self, window: QWidget, log: SessionLog, recorder: Recorder, say: Callable[[str], None]) -> None:
        self._window, self._log, self._recorder, self._say = window, log, recorder, say
        self.folder = ""

    def answers_as_csv(self) -> None:
        """Every answer, for spreadsheets."""
        self._write("csv", "CSV", self._log.as_csv if len(self._log) else None, NOTHING_HEARD)

    def answers_as_json_lines(self) -> None:
        """Every answer, for programs."""
        self._write("jsonl", "JSON Lines", self._log.as_json_lines if len(self._log) else None, NOTHING_HEARD)

    def picture(self) -> None:
        """The window as it is."""
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._window.grab().save(buffer, "PNG")  # before a dialog covers it
        self._write("png", "Picture", lambda: bytes(buffer.data().data()))

    def sound(self) -> bool:
        """What was recorded; whether it is saved."""
        recorder = self._recorder
        before, recorder.is_saved = recorder.is_saved, True  # what comes while it is written is not
        content = (lambda: wav_bytes(*recorder.samples())) if recorder.seconds else None
        saved = self._write("wav", "Sound", content, NOTHING_RECORDED)
        if not saved:
            recorder.is_saved = before
        return saved

    def _write(self, suffix: str, kind: str, content: Callable[[], bytes] | None, nothing: str = "") -> bool:
        """Ask where, and write it there; say `nothing` where there is no content. Whether it is written."""
        if content is None:
            self._say(nothing)
            return False
        name = f"nystream {datetime.now():%Y-%m-%d %H.%M.%S}.{suffix}"
        path = ask_where(self._window, name, kind, self.folder)
        if path is None:
            return False
        self.folder = str(path.parent)
        saved, said = save(path, content())
        self._say(said)
        return saved
