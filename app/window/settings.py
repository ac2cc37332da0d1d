"""What the window remembers from one time to the next, in a file that can never keep it from opening."""

from __future__ import annotations

import base64
import logging
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, QStandardPaths

from app.window.launch import THEMES, ThemeChoice

OSC_ADDRESS = "127.0.0.1:9000"  # what is offered at first: this machine
VERSION = 1  # raised when a key changes its meaning
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """Each has a value that is right for a first start."""

    theme: ThemeChoice = "system"
    device: str = ""  # the chosen microphone's key; "" for the system's default
    aloud: bool = True  # whether files and the demo are played by the speaker
    model: str = ""  # name of the one that was chosen; "" for that which ships as the first
    window_seconds: float = 0.0  # what it remembers; 0 for as much as it learned with
    osc: str = OSC_ADDRESS  # where answers were sent by OSC last; they are sent only when that is asked for again
    folder: str = ""  # where a file or folder was opened last
    geometry: bytes = b""  # Qt's own


class SettingsFile:
    """An INI file. One that a later version of the program wrote is neither understood nor overwritten."""

    def __init__(self, path: Path | None = None) -> None:
        """`path`: the platform's own place when None."""
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppConfigLocation)
        self.path = Path(folder) / "settings.ini" if path is None else path

    def load(self) -> Settings:
        """What is kept; defaults for whatever is missing, damaged or from another version."""
        file = self._open()
        if file.status() != QSettings.Status.NoError:
            log.warning("%s cannot be read: settings begin anew", self.path)
            return Settings()
        if self._is_newer(file):
            return Settings()
        kept = set(file.allKeys())
        known = {name: value for name, value in asdict(Settings()).items() if name in kept}
        return Settings(**{name: _read(name, default, file.value(name)) for name, default in known.items()})

    def save(self, settings: Settings) -> None:
        """Keep these; a file that cannot be written is no reason to stop."""
        file = self._open()
        if self._is_newer(file):
            return
        file.setValue("version", VERSION)
        for name, value in asdict(settings).items():
            file.setValue(name, base64.b64encode(value).decode() if isinstance(value, bytes) else value)
        file.sync()
        if file.status() != QSettings.Status.NoError:
            log.warning("%s cannot be written: settings are not kept", self.path)

    def _open(self) -> QSettings:
        return QSettings(str(self.path), QSettings.Format.IniFormat)

    def _is_newer(self, file: QSettings) -> bool:
        try:
            return int(str(file.value("version", 0))) > VERSION
        except ValueError:
            return False


def _read(name: str, default: object, value: object) -> Any:
    """A value as the file gives it in the type of its field; the default when it cannot be one."""
    if not isinstance(value, str | bool | int | float):  # a list, or of Qt's own kinds, which are never written
        return default
    text = str(value)
    if name == "theme":
        return text if text in THEMES else default
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text.lower(), default)
    if isinstance(default, float):
        try:
            number = float(text)
        except ValueError:
            return default
        return number if 0 <= number < math.inf else default
    if isinstance(default, bytes):
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            return default
    return text
