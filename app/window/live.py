"""The live page: what is heard at this moment, what the model says of it, and what that costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

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
from app.window.theme import Theme, scale_for


class LivePage(QWidget):
    """Everything it shows comes from `session.drain()` and the session's properties, read once per tick.

    projector: larger type in a window of the same size.
    """

    file_wished = Signal()

    def __init__(self, parent: QWidget, session: Session, theme: Theme) -> None:
        super().__init__(parent)
        self.projector = False
        self._session = session
        self._meter = CostMeter(session.model, session.frame_seconds)
        self._last: Snapshot | None = None
        self._shown_devices: DeviceList | None = None
        self._scale = 0.0
        self.source_bar = SourceBar(self, theme)
        self.status = StatusLine(self, theme)
        self.now = NowPanel(self, theme, session.genres, session.model.window_seconds)
        self.genres = GenresPanel(self, theme, session.genres)
        self.spectrogram = SpectrogramPanel(
            self, theme, session.model.window_seconds, session.frame_seconds, session.highest_frequency
        )
        self.cost = CostPanel(self, theme, session.model.flops, session.frame_seconds)
        self.invitation = InvitationCard(self, theme)
        self.source_bar.listen_wished.connect(self.listen)
        self.source_bar.file_wished.connect(self.file_wished)
        self.source_bar.stop_wished.connect(session.stop)
        self.source_bar.refresh_wished.connect(session.refresh_devices)
        self.invitation.listen_wished.connect(self.source_bar.listen.click)
        self.invitation.file_wished.connect(self.file_wished)
        self.setFocus()  # no control is chosen before the user chooses one
        self.reset()

    def listen(self, device_key: str) -> None:
        """Hear a microphone."""
        self._session.listen(device_key)
        self.reset()

    def play(self, path: Path) -> None:
        """Play a file."""
        self._session.play(path)
        self.reset()

    def tick(self, seconds: float) -> None:
        """Show what has happened in the last `seconds`, since the last tick; runs 60 times a second."""
        # The state is read first: what had come by then is then shown with it, even at the very end.
        state = self._session.state
        snapshots = self._session.drain()
        if snapshots:
            self._show_snapshots(snapshots)
        self._show_session(state)
        for gliding in (self.genres, self.spectrogram, self.source_bar.level):
            gliding.advance(seconds)

    def reset(self) -> None:
        """Another run begins: nothing has been heard of it."""
        self._last = None
        self._meter = CostMeter(self._session.model, self._session.frame_seconds)
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

    def arrange(self) -> None:
        """Put every panel in its place; after a change of size or of `projector`."""
        width, height = self.width(), self.height()
        scale = scale_for(width, height, self.projector)
        if scale != self._scale:
            self._scale = scale
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

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self.arrange()
