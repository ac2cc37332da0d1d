"""The window: drains snapshots on one timer, shows them, and passes the user's wishes to the session."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QWidget

from app.session_protocol import DeviceList, EngineState, Session
from app.snapshot import Snapshot
from app.window.invitation import InvitationCard, invitation_for
from app.window.layout import places
from app.window.live_view import LiveView
from app.window.source_bar import SourceBar
from app.window.status import StatusLine
from app.window.style import style_sheet
from app.window.theme import DESIGN_HEIGHT, DESIGN_WIDTH, Theme, scale_for

TICK_MILLISECONDS = 16
LONGEST_GLIDE = 0.1  # seconds; after a pause of the timer nothing shall leap further
CLOSING_SECONDS = 1.0  # the session gets this long to stop before the window goes without it
AUDIO_FILES = "*.wav *.flac *.mp3 *.ogg *.opus *.m4a *.aac *.aif *.aiff *.au *.caf *.mka *.mkv *.mp4 *.webm"


class MainWindow(QMainWindow):
    """Everything it shows comes from `session.drain()` and the session's properties, read once per tick."""

    def __init__(self, session: Session, theme: Theme | None = None) -> None:
        super().__init__()
        self._session = session
        self._last: Snapshot | None = None
        self._shown_devices: DeviceList | None = None
        self._shown_missed = 0
        self._scale = 0.0
        self.theme = Theme(parent=self) if theme is None else theme
        self.theme.changed.connect(self._restyle)
        self._ticked = time.monotonic()
        self.setWindowTitle("Nystream")
        self.setMinimumSize(900, 600)
        self.setAcceptDrops(True)
        self._stage = QWidget(self)
        self._build(self.theme)
        self.resize(DESIGN_WIDTH, DESIGN_HEIGHT)
        session.refresh_devices()
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.tick)
        self.timer.start(TICK_MILLISECONDS)

    def _build(self, theme: Theme) -> None:
        session = self._session
        stage = self._stage
        self.setCentralWidget(stage)
        self.source_bar = SourceBar(stage, theme)
        self.status = StatusLine(stage, theme)
        self.live = LiveView(stage, theme, session)
        self.invitation = InvitationCard(stage, theme)
        self.source_bar.listen_wished.connect(self.listen)
        self.source_bar.file_wished.connect(self.choose_file)
        self.source_bar.stop_wished.connect(self.stop)
        self.source_bar.refresh_wished.connect(session.refresh_devices)
        self.invitation.listen_wished.connect(self.source_bar.listen.click)
        self.invitation.file_wished.connect(self.choose_file)
        stage.setFocus()  # no control is chosen before the user chooses one
        self._reset()

    def listen(self, device_key: str) -> None:
        """Hear a microphone."""
        self._session.listen(device_key)
        self._reset()

    def play(self, path: Path) -> None:
        """Play a file."""
        self._session.play(path)
        self._reset()

    def stop(self) -> None:
        """End what runs; what it showed stays."""
        self._session.stop()

    def choose_file(self) -> None:
        """Ask for a file and play it."""
        kinds = f"Audio ({AUDIO_FILES});;All files (*)"
        chosen, _kind = QFileDialog.getOpenFileName(self, "Open an audio file", "", kinds)
        if chosen:
            self.play(Path(chosen))

    def tick(self) -> None:
        """Show what has happened since the last tick; runs 60 times a second."""
        now = time.monotonic()
        seconds, self._ticked = min(now - self._ticked, LONGEST_GLIDE), now
        # The state is read first: what had come by then is then shown with it, even at the very end.
        state = self._session.state
        snapshots = self._session.drain()
        if snapshots:
            self._show_snapshots(snapshots)
        self._show_session(state)
        self.live.advance(seconds)
        self.source_bar.level.advance(seconds)

    def _reset(self) -> None:
        self._last = None
        self.live.reset()
        self.source_bar.level.reset()
        self._show_session(self._session.state)

    def _show_session(self, state: EngineState) -> None:
        devices = self._session.devices
        if devices is not self._shown_devices:
            self._shown_devices = devices
            self.source_bar.show_devices(devices)
        self.source_bar.show_phase(state.phase)
        self.status.show_state(state, self._session.source_name, self._session.hears_microphone)
        self.live.show_source(self._session.source_name)
        self.invitation.invite(invitation_for(state, self.status.text(), devices, self._last is not None))

    def _show_snapshots(self, snapshots: list[Snapshot]) -> None:
        self._last = snapshots[-1]
        self.live.show_snapshots(snapshots)
        self.source_bar.level.show_level(self._last.level_dbfs)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        width, height = self._stage.width(), self._stage.height()
        scale = scale_for(width, height)
        if scale != self._scale:
            self._scale = scale
            self._restyle()
            for scaled in (self.source_bar, self.live, self.invitation):
                scaled.set_scale(scale)
        place = places(width, height, scale)
        self.source_bar.setGeometry(place.source_bar)
        self.status.place(scale, place.status)
        self.live.setGeometry(place.content)
        self.invitation.setGeometry(place.content)

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
