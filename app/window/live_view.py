"""The live panels on one page: each shows its part of the newest snapshots."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from app.costs import CostMeter
from app.session_protocol import Session
from app.snapshot import Snapshot
from app.window.cost import CostPanel
from app.window.genres import GenresPanel
from app.window.layout import live_places
from app.window.now import NowPanel
from app.window.spectrogram import SpectrogramPanel
from app.window.theme import Theme


class LiveView(QWidget):
    """Fed by the window once per tick."""

    def __init__(self, parent: QWidget, theme: Theme, session: Session) -> None:
        super().__init__(parent)
        self._session = session
        self._scale = 1.0
        self._meter = CostMeter(session.flops, session.frame_seconds)
        self.now = NowPanel(self, theme, session.genres, session.window_seconds)
        self.genres = GenresPanel(self, theme, session.genres)
        self.spectrogram = SpectrogramPanel(
            self, theme, session.window_seconds, session.frame_seconds, session.highest_frequency
        )
        self.cost = CostPanel(self, theme, session.flops, session.frame_seconds)

    def reset(self) -> None:
        """Nothing has been heard of what runs now."""
        self._meter = CostMeter(self._session.flops, self._session.frame_seconds)
        for panel in (self.now, self.genres, self.spectrogram, self.cost):
            panel.reset()
        self.cost.show_report(self._meter.report(), 0)

    def show_source(self, name: str) -> None:
        """Say what is heard."""
        self.now.show_source(name)

    def show_snapshots(self, snapshots: list[Snapshot]) -> None:
        """Show what has been heard since the last call, oldest first, at least one."""
        last = snapshots[-1]
        self._meter.add(snapshots)
        self.spectrogram.push(np.stack([snapshot.log_mel for snapshot in snapshots]))
        self.now.show_snapshot(last)
        self.genres.show_snapshot(last)
        self.cost.show_report(self._meter.report(), self._session.missed)

    def advance(self, seconds: float) -> None:
        """Let what glides glide on."""
        self.genres.advance(seconds)
        self.spectrogram.advance(seconds)

    def set_scale(self, scale: float) -> None:
        """Draw everything larger or smaller."""
        self._scale = scale
        for panel in (self.now, self.genres, self.spectrogram, self.cost):
            panel.set_scale(scale)
        self._arrange()

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self._arrange()

    def _arrange(self) -> None:
        place = live_places(self.width(), self.height(), self._scale)
        self.now.setGeometry(place.now)
        self.genres.setGeometry(place.genres)
        self.spectrogram.setGeometry(place.spectrogram)
        self.cost.setGeometry(place.cost)
