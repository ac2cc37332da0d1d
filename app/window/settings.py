"""What the window remembers from one time to the next, in a file that can never keep it from opening."""

from __future__ import annotations

import base64
import binascii
import logging
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, QStandardPaths

from app.window.launch import THEMES, ThemeChoice

VERSION = 1  # raised when a key changes its meaning
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """Each has a value that is right for a first start."""

    theme: ThemeChoice = "system"
    device: str = ""  # the chosen microphone's key; "" for the system's default
    aloud: bool = True  # whether files and the demo are played by the speaker
    larger_type: bool = False
    folder: str = ""  # where a file or folder was opened last
    geometry: bytes = b""  # Qt's own

    def with_known(self, kept: dict[str, Any]) -> Settings:
        """These, and over them every kept value that can be one; what cannot is left out."""
        read = {field.name: _read(field.name, kept[field.name]) for field in fields(self) if field.name in kept}
        return Settings(**({field.name: getattr(self, field.name) for field in fields(self)} | _without_none(read)))


class SettingsFile:
    """An INI file. One that a later version of the program wrote is neither understood nor overwritten."""

    def __init__(self, path: Path | None = None) -> None:
        """`path`: the platform's own place when None."""
        self.path = default_path() if path is None else path

    def load(self) -> Settings:
        """What is kept; defaults for whatever is missing, damaged or from another version."""
        file = self._open()
        if file.status() != QSettings.Status.NoError:
            log.warning("%s cannot be read: settings begin anew", self.path)
            return Settings()
        if self._is_newer(file):
            return Settings()
        return Settings().with_known({key: file.value(key) for key in file.allKeys()})

    def save(self, settings: Settings) -> None:
        """Keep these; a file that cannot be written is no reason to stop."""
        file = self._open()
        if self._is_newer(file):
            return
        file.setValue("version", VERSION)
        for field in fields(settings):
            value = getattr(settings, field.name)
            file.setValue(field.name, base64.b64encode(value).decode() if isinstance(value, bytes) else value)
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


def default_path() -> Path:
    """In the platform's folder for settings."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppConfigLocation)) / "settings.ini"


def _read(name: str, value: object) -> object | None:
    """A value as the file gives it in the type of its field; None when it cannot be one."""
    text = str(value)
    if name == "theme":
        return text if text in THEMES else None
    if name in ("aloud", "larger_type"):
        return {"true": True, "false": False}.get(text.lower())
    if name == "geometry":
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
    return text


def _without_none(values: dict[str, object | None]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
