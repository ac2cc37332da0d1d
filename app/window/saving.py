"""Writing what the user asked for: the file is there whole, or as it was before."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSaveFile
from PySide6.QtWidgets import QFileDialog, QWidget


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
