"""The window: drains snapshots on one timer, shows them, and passes the user's wishes to the session."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QWidget

from app.costs import CostMeter
from app.session_protocol import DeviceList, EngineState, Session
from app.snapshot import Snapshot
from app.window.cost import CostPanel
from app.window.genres import GenresPanel
from app.window.invitation import InvitationCard, invitation_for
from app.window.layout import places
from app.window.now import NowPanel
from app.window.source_bar import SourceBar
from app.window.spectrogram import SpectrogramPanel
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
        self._meter = CostMeter(session.flops, session.frame_seconds)
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
        self.now = NowPanel(stage, theme, session.genres, session.window_seconds)
        self.genres = GenresPanel(stage, theme, session.genres)
        self.spectrogram = SpectrogramPanel(
            stage, theme, session.window_seconds, session.frame_seconds, session.highest_frequency
        )
        self.cost = CostPanel(stage, theme, session.flops, session.frame_seconds)
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
        for gliding in (self.genres, self.spectrogram, self.source_bar.level):
            gliding.advance(seconds)

    def _reset(self) -> None:
        self._last = None
        self._meter = CostMeter(self._session.flops, self._session.frame_seconds)
        for panel in (self.now, self.genres, self.spectrogram, self.cost, self.source_bar.level):
            panel.reset()
        self.cost.show_report(self._meter.report(), 0)
        self._show_session(self._session.state)

    def _show_session(self, state: EngineState) -> None:
        devices = self._session.devices
        if devices is not self._shown_devices:
            self._shown_devices = devices
            self.source_bar.show_devices(devices)
        self.source_bar.show_phase(state.phase)
        self.status.show_state(state, self._session.source_name, self._session.hears_microphone)
        self.now.show_source(self._session.source_name)
        self.invitation.invite(invitation_for(state, self.status.text(), devices, self._last is not None))

    def _show_snapshots(self, snapshots: list[Snapshot]) -> None:
        self._last = snapshots[-1]
        self._meter.add(snapshots)
        self.spectrogram.push(np.stack([snapshot.log_mel for snapshot in snapshots]))
        self.now.show_snapshot(self._last)
        self.genres.show_snapshot(self._last)
        self.source_bar.level.show_level(self._last.level_dbfs)
        self.cost.show_report(self._meter.report(), self._session.missed)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        width, height = self._stage.width(), self._stage.height()
        scale = scale_for(width, height)
        if scale != self._scale:
            self._scale = scale
            self._restyle()
            for scaled in (
                self.source_bar,
                self.now,
                self.genres,
                self.spectrogram,
                self.cost,
                self.invitation,
            ):
                scaled.set_scale(scale)
        place = places(width, height, scale)
        self.source_bar.setGeometry(place.source_bar)
        self.status.place(scale, place.status)
        self.now.setGeometry(place.now)
        self.genres.setGeometry(place.genres)
        self.spectrogram.setGeometry(place.spectrogram)
        self.cost.setGeometry(place.cost)
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
