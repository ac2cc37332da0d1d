"""The window: its pages, its menus, and one timer that drives what moves."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QWidget

from app.session_protocol import Session
from app.window.live import LivePage
from app.window.style import style_sheet
from app.window.theme import DESIGN_HEIGHT, DESIGN_WIDTH, Theme, scale_for

TICK_MILLISECONDS = 16
LONGEST_GLIDE = 0.1  # seconds; after a pause of the timer nothing shall leap further
CLOSING_SECONDS = 1.0  # the session gets this long to stop before the window goes without it
AUDIO_FILES = "*.wav *.flac *.mp3 *.ogg *.opus *.m4a *.aac *.aif *.aiff *.au *.caf *.mka *.mkv *.mp4 *.webm"


class MainWindow(QMainWindow):
    """Everything that is shown comes from the session, and every wish goes to it."""

    def __init__(self, session: Session, theme: Theme | None = None) -> None:
        super().__init__()
        self._session = session
        self._scale = 0.0
        self.theme = Theme(parent=self) if theme is None else theme
        self.theme.changed.connect(self._restyle)
        self._ticked = time.monotonic()
        self.setWindowTitle("Nystream")
        self.setMinimumSize(900, 600)
        self.setAcceptDrops(True)
        self.live = LivePage(self, session, self.theme)
        self.live.file_wished.connect(self.choose_file)
        self.setCentralWidget(self.live)
        self.resize(DESIGN_WIDTH, DESIGN_HEIGHT)
        session.refresh_devices()
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.tick)
        self.timer.start(TICK_MILLISECONDS)

    def listen(self, device_key: str) -> None:
        """Hear a microphone."""
        self.live.listen(device_key)

    def play(self, path: Path) -> None:
        """Play a file."""
        self.live.play(path)

    def choose_file(self) -> None:
        """Ask for a file and play it."""
        kinds = f"Audio ({AUDIO_FILES});;All files (*)"
        chosen, _kind = QFileDialog.getOpenFileName(self, "Open an audio file", "", kinds)
        if chosen:
            self.play(Path(chosen))

    def tick(self) -> None:
        """Show what has happened since the last tick."""
        now = time.monotonic()
        seconds, self._ticked = min(now - self._ticked, LONGEST_GLIDE), now
        self.live.tick(seconds)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        scale = scale_for(self.width(), self.height(), self.live.projector)
        if scale != self._scale:
            self._scale = scale
            self._restyle()

    def _restyle(self) -> None:
        self.setStyleSheet(style_sheet(self.theme.palette, self._scale))
        for widget in self.findChildren(QWidget):
            widget.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.play(Path(files[0]))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self.timer.stop()
        # A sound server that hangs must not keep the window open.
        stopping = threading.Thread(target=self._session.stop, name="closing", daemon=True)
        stopping.start()
        stopping.join(CLOSING_SECONDS)
        super().closeEvent(event)
