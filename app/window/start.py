"""Starts Qt, opens the window, and returns when it has been closed."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QFileOpenEvent

from app.live.protocol import Session
from app.stream.weights import default_weights
from app.window.launch import Launch
from app.window.log import begin_log, catch_faults, default_log
from app.window.main import MainWindow
from app.window.opening import start_qt, wear
from app.window.settings import SettingsFile
from app.window.theme import Theme

log = logging.getLogger(__name__)


def run_window(session: Session, launch: Launch, when_painted: Callable[[], None]) -> int:
    """Open the window on a session. Returns the exit code. `when_painted` is called once, when there is a picture."""
    application = start_qt()
    begin_log(default_log())
    theme = Theme("system")
    wear(application, theme)
    weights = default_weights() if launch.weights is None else launch.weights
    window = MainWindow(session, theme, SettingsFile(), weights)
    catch_faults(window.told.emit)

    def end(_number: int, _frame: object) -> None:
        window.ends_unasked = True
        # By the event loop, which may not have begun yet: it would not know that all is closed already.
        QTimer.singleShot(0, application.closeAllWindows)

    for number in (signal.SIGINT, signal.SIGTERM):
        # The window's timer lets Python see the signal; closing the window ends the session.
        signal.signal(number, end)

    def complete() -> None:
        when_painted()
        if not launch.says_model:
            window.recall_model()

    first_painting = FirstPainting(complete)
    window.installEventFilter(first_painting)
    opened = OpenedFiles(window.take)
    application.installEventFilter(opened)
    window.fit(window.screen().availableGeometry())
    begin(window, launch)
    return application.exec()


def begin(window: MainWindow, launch: Launch) -> None:
    """Show the window and do what the command line said."""
    if launch.theme is not None:
        window.choose_theme(launch.theme)
    if launch.silent:
        window.set_aloud(False)
    if launch.osc is not None:
        window.send_osc(launch.osc)
    window.show()
    if launch.full_screen:
        window.set_full_screen(True)
    if launch.source:
        window.live.source_bar.picker.wish(launch.source)
    if launch.demo:
        window.demo()
    elif launch.plays == (Path("-"),):
        window.play_pipe()
    elif len(launch.plays) > 1:
        window.play(*launch.plays)
    elif files := launch.plays or launch.files:
        window.take([str(file) for file in files])
    elif launch.begins:
        window.listen(launch.source)


class OpenedFiles(QObject):
    """Takes the files that macOS hands to the program, one event each, all at once."""

    def __init__(self, take: Callable[[list[str]], None]) -> None:
        super().__init__()
        self._take = take
        self._files: list[str] = []

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QFileOpenEvent) and event.file():
            if not self._files:
                QTimer.singleShot(0, self._hand_over)
            self._files.append(event.file())
        return False

    def _hand_over(self) -> None:
        files, self._files = self._files, []
        self._take(files)


class FirstPainting(QObject):
    """Does something once, right after the window that it filters has been painted for the first time."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self._then = then

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            log.info("the window is painted")
            QTimer.singleShot(0, self._then)  # not before the picture is handed over
        return False
