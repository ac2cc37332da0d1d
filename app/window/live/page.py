"""The live page: the sound of this moment, what the model says of it, and what that costs.

While it is frozen all panels show the moment that is looked at; listening goes on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.live.costs import CostReport
from app.live.past import Past
from app.live.protocol import DeviceList, EngineState, Session
from app.live.verdict import Verdict
from app.stream.snapshot import Snapshot
from app.window import words
from app.window.cost.panel import CostPanel
from app.window.history.spectrogram import SpectrogramPanel
from app.window.history.strip import HistoryPanel
from app.window.live.answer import GenresPanel, NowPanel
from app.window.live.player import PlayerBar
from app.window.live.source_bar import SourceBar
from app.window.live.status import InvitationCard, StatusLine, invitation_for
from app.window.theme import Theme, scale_for
from app.window.widgets import Part


def places(width: int, height: int, scale: float) -> dict[str, QRect]:
    """Where each panel stands on a page of any size: the cost panel, the heart, gets the largest part.

    +---------------- source bar ----------------+
    +-------- status line -------+--- player ----+
    | now            | spectrogram | history     |
    |----------------+---------------------------|
    | genres         | cost                      |
    +----------------+---------------------------+
    """
    gap = round(12 * scale)
    bar = round(60 * scale)
    status = round(34 * scale)
    player = round(width * 0.34)
    top = bar + status + round(4 * scale)
    content = QRect(gap, top, width - 2 * gap, height - top - gap)
    left = round((content.width() - gap) * 0.28)
    right = content.width() - gap - left
    # What a tall window has to spare goes to the pictures: wide gaps between numbers help nobody.
    below = min(round((content.height() - gap) * 0.68), round(560 * scale))
    now = content.height() - gap - below
    half = (right - gap) // 2
    right_x, below_y = content.x() + left + gap, content.y() + now + gap
    return {
        "source_bar": QRect(0, 0, width, bar),
        "status": QRect(gap, bar, width - 3 * gap - player, status),
        "player": QRect(width - gap - player, bar, player, status),
        "invitation": content,  # over all panels
        "now": QRect(content.x(), content.y(), left, now),
        "genres": QRect(content.x(), below_y, left, below),
        "spectrogram": QRect(right_x, content.y(), half, now),
        "history": QRect(right_x + half + gap, content.y(), right - half - gap, now),
        "cost": QRect(right_x, below_y, right, below),
    }


class LivePage(QWidget):
    """Everything it shows comes from `session.drain()` and the session's properties, read once per tick.

    projector: larger type in a window of the same size.
    """

    def __init__(self, parent: QWidget, session: Session, theme: Theme) -> None:
        super().__init__(parent)
        self.projector = False
        self._session = session
        self._shown_devices: DeviceList | None = None
        self.moment: float | None = None  # seconds, while frozen
        self._last: Snapshot | None = None
        self.past = Past(session.genres, session.models.description)
        self.source_bar = SourceBar(self, theme, session)
        self.status = StatusLine(self, theme)
        self.player = PlayerBar(self, theme, session)
        self.now = NowPanel(self, theme, session.genres)
        self.genres = GenresPanel(self, theme, session.genres)
        self.spectrogram = SpectrogramPanel(self, theme, self.past.model.window_seconds)
        self.history = HistoryPanel(self, theme, self.past)
        self.cost = CostPanel(self, theme, session.models)
        self.invitation = InvitationCard(self, theme)
        self.parts: dict[str, Part] = {name: getattr(self, name) for name in places(0, 0, 1.0)}
        self.source_bar.stop.clicked.connect(lambda: session.stop())
        self.source_bar.refresh.clicked.connect(lambda: session.refresh_devices())
        self.history.freeze.clicked.connect(self.toggle_freeze)
        self.history.view.moment_wished.connect(self.look_at)
        self.invitation.listen.clicked.connect(self.source_bar.listen.click)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocus()  # no control is chosen before the user chooses one
        self.reset()

    def toggle_freeze(self) -> None:
        """Hold the present moment, or go back to live."""
        if self.moment is not None:
            self.go_live()
        elif self.past.frames:
            self.look_at(self.past.seconds)

    def look_at(self, seconds: float) -> None:
        """Show this moment of the session in all panels."""
        moment = self.past.at(max(seconds, 0.0))
        if moment is None:
            return
        self.moment = moment.seconds
        clock = words.clock(moment.seconds)
        self.now.rename(f"At {clock}, frozen", "warning")
        best = int(moment.smoothed.argmax())
        verdict = moment.verdict or Verdict("genre", best, best, float(moment.smoothed[best]))
        self._show(self.past.report(moment.frame), verdict, moment.filled)
        self.genres.show_answer(moment.smoothed, moment.raw)
        self.spectrogram.look_at(moment.frame, clock)
        self.history.show_moment(self.moment, 0.0)

    def go_live(self) -> None:
        """Show the present again."""
        self.moment = None
        self.now.rename("Now")
        self.spectrogram.look_at(None)
        if self._last is not None:
            self._show_newest(self._last)
        self.history.show_moment(None, 0.0)

    def tick(self, seconds: float) -> None:
        """Show what has happened in the last `seconds`, since the last tick; runs 60 times a second."""
        # The state is read first: what had come by then is then shown with it, even at the very end.
        state = self._session.state
        snapshots = self._session.drain()
        if snapshots:
            self.past.add(snapshots)
            self._last = snapshots[-1]
            self.spectrogram.picture.push(np.stack([snapshot.log_mel for snapshot in snapshots]))
            if self.moment is None:
                self._show_newest(self._last)
        self._show_session(state)
        self.history.show_moment(self.moment, seconds)
        for gliding in (self.genres, self.spectrogram.picture, self.source_bar.level):
            gliding.advance(seconds)

    def reset(self) -> None:
        """Another run begins, of which there is nothing to show yet."""
        self._last = None
        self.past.begin(self._session.models.description)
        self.go_live()
        for panel in (self.now, self.genres, self.spectrogram.picture, self.cost, self.source_bar.level):
            panel.reset()
        self.cost.show_report(self.past.report(), 0)
        self.now.show_filled(0.0, self.past.model.window_seconds)
        self.spectrogram.show_window(self.past.model.window_seconds)
        self._show_session(self._session.state)

    def _show_session(self, state: EngineState) -> None:
        devices = self._session.devices
        if devices is not self._shown_devices:
            self._shown_devices = devices
            self.source_bar.show_devices(devices)
        self.source_bar.show_session(state)
        self.player.show_player()
        if state.phase not in ("starting", "running") and (problem := self._session.preview_status):
            state = replace(state, message=problem)
        self.status.show_state(state, self._session.source_name, self._session.hears_microphone)
        self.now.source.show_text(self._session.source_name, tip=True)
        self.invitation.invite(invitation_for(state, self.status.words.text(), devices, self._last is not None))
        self._show_model(state)

    def _show_model(self, state: EngineState) -> None:
        """The boxes show what was chosen, and the note that it is catching up, until it answers."""
        models = self._session.models
        chosen, problem = models.description, models.problem
        self.cost.controls.show_model()
        if self._last is None and self.past.model is not chosen:
            self.reset()  # nothing has been measured yet: what can be counted is that of the new model
        answering = self._last.model if self._last is not None else None
        catching_up = state.phase == "running" and answering is not None and answering is not chosen
        note = problem or ("catching up" if catching_up else "")
        self.cost.controls.note.show_text(note, "problem" if problem else "muted", tip=True)

    def _show_newest(self, snapshot: Snapshot) -> None:
        self._show(self.past.report(), self.past.verdict, snapshot.filled)
        self.genres.show_answer(snapshot.smoothed, snapshot.probabilities)

    def _show(self, report: CostReport, verdict: Verdict, filled: float) -> None:
        self.now.show_verdict(verdict, self._session.hears_microphone)
        self.now.show_filled(filled, report.model.window_seconds)
        self.spectrogram.show_window(report.model.window_seconds)
        self.cost.show_report(report, self._session.missed)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """What no control has taken for itself."""
        if event.key() == Qt.Key.Key_Space:
            self.toggle_freeze()
        elif event.key() == Qt.Key.Key_End:
            self.go_live()
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.history.view.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def arrange(self) -> None:
        """Put every panel in its place; after a change of size or of `projector`."""
        width, height = self.width(), self.height()
        scale = scale_for(width, height, self.projector)
        for name, rectangle in places(width, height, scale).items():
            self.parts[name].place(scale, rectangle)

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self.arrange()
