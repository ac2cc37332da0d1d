"""Between the window and its settings: what is kept when it closes, and how it finds itself again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray

from app.live.protocol import Session
from app.window.settings import Settings, SettingsFile

if TYPE_CHECKING:
    from app.window.main import MainWindow


class Memory:
    """`folder` is where something was opened last. Without a file nothing is kept."""

    def __init__(self, window: MainWindow, session: Session, file: SettingsFile | None) -> None:
        self._window, self._session, self._file = window, session, file
        self.folder = ""

    def recall(self) -> None:
        """Be as when the window was closed."""
        window = self._window
        settings = Settings() if self._file is None else self._file.load()
        self.folder = window.exports.folder = window.files.folder = settings.folder
        if settings.geometry:
            window.restoreGeometry(QByteArray(settings.geometry))
        if self._file is not None:
            choice = settings.theme
            window.choose_theme("light" if choice == "light" else "dark" if choice == "dark" else "system")
            window.set_aloud(settings.aloud)
            window.set_larger_type(settings.larger_type)
        else:
            window.choose_theme(window.theme.choice)
        window.live.source_bar.picker.wish(settings.device)
        window.show_page(0)

    def keep(self) -> None:
        """Remember how the window is."""
        if self._file is None:
            return
        window = self._window
        if window.isFullScreen():
            window.set_full_screen(False)
        picker = window.live.source_bar.picker
        self._file.save(
            Settings(
                theme=window.theme.choice,
                device=picker.key() if picker.has_microphone else self._file.load().device,
                aloud=self._session.aloud,
                larger_type=window.live.projector,
                folder=self.folder,
                geometry=bytes(window.saveGeometry().data()),
            )
        )
