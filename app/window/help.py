"""What helps when one does not know, or when something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from app.live.protocol import Session
from app.window.diagnostics import LOG_LINES, diagnostics
from app.window.log_file import default_log, last_lines
from app.window.sheets import show_about, show_keys

if TYPE_CHECKING:
    from app.window.main import MainWindow


class Help:
    """`say` tells the user what was done."""

    def __init__(self, window: MainWindow, session: Session, weights: Path, say: Callable[[str], None]) -> None:
        self._window, self._session, self._weights, self._say = window, session, weights, say

    def show_keys(self) -> None:
        """The sheet of shortcuts."""
        others = [("Freeze the moment, or back to live", "Space")]
        others += [
            ("The caption after or before, in the tour", "Right, Left"),
            ("Leave the tour or full screen", "Esc"),
        ]
        show_keys(self._window, [*self._window.menus.shortcuts(), *others])

    def show_about(self) -> None:
        """Versions and licences."""
        show_about(self._window)

    def copy_diagnostics(self) -> None:
        """To the clipboard."""
        lines = last_lines(default_log(), LOG_LINES)
        text = diagnostics(self._weights, self._session.devices, lines)
        QGuiApplication.clipboard().setText(text)
        self._say("Diagnostics are in the clipboard: versions, microphones, and the end of the log.")

    def show_log(self) -> None:
        """Where the log is, in the system's own file manager."""
        path = default_log()
        if path.exists():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        else:
            self._say("There is no log yet: nothing has been noted down.")
