"""The live page: the sound of this moment, what two models answer, and what that costs.

While it is frozen all panels show the moment that is looked at; listening goes on.
"""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.live.costs import CostReport
from app.live.past import Moment, Past
from app.live.protocol import DeviceList, EngineState, Session
from app.live.verdict import Verdict
from app.stream.snapshot import Snapshot
from app.window import words
from app.window.cost.controls import ModelControls
from app.window.cost.details import DetailsPanel
from app.window.cost.story import StoryPanel
from app.window.explained import Explanation
from app.window.history.panel import TimelinePanel
from app.window.live.answer import AnswersPanel, Badge, NowPanel
from app.window.live.places import PRESENTATION_HEIGHT, PRESENTATION_WIDTH, Mode, places
from app.window.live.player import PlayerBar
from app.window.live.source_bar import SourceBar
from app.window.live.status import InvitationCard, StatusLine, invitation_for
from app.window.theme import Theme, scale_for
from app.window.widgets import Part

ENLARGED = 1.5  # how much larger in a presentation what is small in a window: warnings, badge, times


class LivePage(QWidget):
    """Everything it shows comes from `session.drain()` and the session's properties, read once per tick.

    mode: the story, all figures instead of it, or for all to see.
    """

    def __init__(self, parent: QWidget, session: Session, theme: Theme) -> None:
        super().__init__(parent)
        self.mode: Mode = "story"
        self._without_details: Mode = "story"
        self._session = session
        self._shown_devices: DeviceList | None = None
        self.moment: float | None = None  # seconds, while frozen
        self._moment: Moment | None = None  # the same with all that is known of it
        self._last: Snapshot | None = None
        self.whole: Verdict | None = None  # what a file is that has been heard to its end
        self.past = Past(session.genres, session.models.description)
        self.source_bar = SourceBar(self, theme, session)
        self.status = StatusLine(self, theme)
        self.player = PlayerBar(self, theme, session)
        self.now = NowPanel(self, theme, session.genres)
        self.answers = AnswersPanel(self, theme, session.genres)
        self.badge = Badge(self, theme)
        self.timeline = TimelinePanel(self, theme, self.past)
        self.story = StoryPanel(self, theme)
        self.details = DetailsPanel(self, theme)
        self.controls = ModelControls(self, theme, session.models)
        self.invitation = InvitationCard(self, theme)
        names = {**places(0, 0, 1.0), **places(0, 0, 1.0, "details")}
        self.parts: dict[str, Part] = {name: getattr(self, name) for name in names}
        self.explanation = Explanation(self, theme)
        self.source_bar.refresh.clicked.connect(lambda: session.refresh_devices())
        self.timeline.freeze.clicked.connect(self.toggle_freeze)
        self.timeline.view.moment_wished.connect(self.look_at)
        self.invitation.listen.clicked.connect(self.source_bar.listen.click)
        for button in (self.story.details, self.details.back):
            button.clicked.connect(self.toggle_details)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocus()  # no control is chosen before the user chooses one
        self.reset()

    def show_mode(self, mode: Mode) -> None:
        """Show this instead of what is shown."""
        if mode != self.mode:
            self._without_details = mode if mode != "details" else self.mode
            self.mode = mode
            self.arrange()
            self._show_session(self._session.state)
            self._show_again()

    def toggle_details(self) -> None:
        """All figures, or back to what was shown instead."""
        self.show_mode(self._without_details if self.mode == "details" else "details")

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
        self._moment, self.moment = moment, moment.seconds
        self.now.rename(f"At {words.clock(moment.seconds)}, frozen", "warning")
        self._show_again()
        self.timeline.show_moment(self.moment)

    def go_live(self) -> None:
        """Show the present again."""
        self._moment = self.moment = None
        self._show_again()
        self._show_life(self._session.state)
        self.timeline.show_moment(None)

    def tick(self, seconds: float) -> None:
        """Show what has happened in the last `seconds`, since the last tick; runs 60 times a second."""
        # The state is read first: what had come by then is then shown with it, even at the very end.
        state = self._session.state
        snapshots = self._session.drain()
        if snapshots:
            self.past.add(snapshots)
            self._last = snapshots[-1]
            if self.moment is None:
                self._show_again()
        self._show_session(state)
        self.timeline.show_moment(self.moment)
        for gliding in (self.answers, self.timeline.view, self.source_bar.level):
            gliding.advance(seconds)

    def reset(self) -> None:
        """Another session begins, of which there is nothing to show yet."""
        self._last = None
        self.past.begin(self._session.models.description)
        self.go_live()
        for panel in (self.now, self.answers, self.timeline.view, self.source_bar.level):
            panel.reset()
        self._show_session(self._session.state)

    def _show_session(self, state: EngineState) -> None:
        devices = self._session.devices
        if devices is not self._shown_devices:
            self._shown_devices = devices
            self.source_bar.show_devices(devices)
        self.source_bar.show_session(state)
        if self.player.show_player():
            self.arrange()
        if self.mode == "presentation":
            self.player.hide()
        if state.phase not in ("starting", "running") and (problem := self._session.preview_status):
            state = replace(state, message=problem)
        if self.mode == "presentation" and not state.message:  # which has no line above the genre
            if self.moment is not None:
                state = replace(state, message=f"Frozen at {words.clock(self.moment)}: press Space to go back to live.")
            elif self.whole is not None:
                state = replace(state, message=f"“{self._session.source_name}” has ended: this is the whole file.")
        self.status.show_state(state, self._session.source_name, self._session.hears_microphone)
        self.status.setVisible(self.mode != "presentation" or self.status.is_urgent or bool(state.not_live))
        source = self._session.source_name if self._moment is None else self._moment.source
        self.now.source.show_text(source)
        self._show_life(state)
        self.invitation.invite(invitation_for(state, self.status.words.text(), devices, self._last is not None))
        self._show_model(state)

    def _show_life(self, state: EngineState) -> None:
        """What is shown loses its colours, and says why and since when, while it is of the past."""
        stale = bool(state.not_live) and self._last is not None
        sums_up = stale and self.whole is not None and self.moment is None
        if sums_up:
            self.now.rename(words.WHOLE)
        elif self.moment is None:
            passed = None if state.since is None else time.monotonic() - state.since
            said = words.not_live(state.not_live, passed) if stale else "Now"
            self.now.rename(said, "warning" if stale else "muted")
        if (stale, stale and not sums_up) != (self.answers.stale, self.now.stale):
            for part in (self.answers, self.badge, self.timeline, self.source_bar.level):
                part.show_stale(stale)
            self.now.show_stale(stale and not sums_up)
            self._show_again()

    def _show_model(self, state: EngineState) -> None:
        """The boxes show what was chosen, and the note that it is catching up, until it answers."""
        models = self._session.models
        chosen, problem = models.description, models.problem
        self.controls.show_model()
        if self._last is None and self.past.model is not chosen:
            self.reset()  # nothing has been measured yet: what can be counted is that of the new model
        answering = self._last.model if self._last is not None else None
        catching_up = state.phase == "running" and answering is not None and answering is not chosen
        note = problem or ("catching up" if catching_up else "")
        self.controls.note.show_text(note, "problem" if problem else "muted")

    def _show_again(self) -> None:
        """The moment that is looked at, else the newest one; before the first only what can be counted."""
        moment, last = self._moment, self._last
        report = self.past.report() if moment is None else self.past.report(moment.frame)
        if moment is not None:
            best = int(moment.smoothed.argmax())
            verdict = moment.verdict or Verdict("genre", best, best, float(moment.smoothed[best]))
            answers = moment.smoothed, moment.twin, moment.raw
        elif last is not None:
            verdict = self.whole or self.past.verdict
            answers = last.smoothed, last.twin_smoothed, last.probabilities
        if moment is not None or last is not None:
            self.now.show_verdict(verdict, self._session.hears_microphone)
            smoothed, twin, raw = answers
            self.answers.show_answers(smoothed, twin, raw if self.mode == "details" else None)
        self._show_report(report)

    def _show_report(self, report: CostReport) -> None:
        self.now.show_filled(report.filled, report.model.window_seconds)
        self.timeline.show_window(report.model.window_seconds)
        self.badge.show_difference(report.largest_difference, report.twin_every)
        if self.mode == "details":
            self.details.show_report(report, self._session.missed)
        else:
            self.story.show_report(report, self._full_twin(report))

    def _full_twin(self, report: CostReport) -> float | None:
        """ns of the ordinary encoder with a full window, if that was measured of this model."""
        measured, model = self._session.models.full_twin, report.model
        if measured is None or measured.window_seconds != model.window_seconds:
            return None
        return measured.nanoseconds.get(model.choice.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """What no control has taken for itself."""
        if event.key() == Qt.Key.Key_Space:
            self.toggle_freeze()
        elif event.key() == Qt.Key.Key_End:
            self.go_live()
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.timeline.view.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def arrange(self) -> None:
        """Put every part in its place; after a change of size or of `mode`."""
        width, height = self.width(), self.height()
        presents = self.mode == "presentation"
        scale = scale_for(width, height)
        if presents:
            scale = min(width / PRESENTATION_WIDTH, height / PRESENTATION_HEIGHT)
        found = places(width, height, scale, self.mode)
        if not presents and self.player.isHidden():  # a warning has the whole width
            found["status"].setRight(found["player"].right())
        for panel in (self.now, self.story, self.timeline):
            panel.presents = presents
        self.badge.centred = presents
        enlarged = (self.status, self.badge, self.timeline) if presents else ()
        for name, part in self.parts.items():
            if name not in found:
                part.hide()
            else:
                if part not in (self.player, self.invitation, self.status):  # which know themselves when to be seen
                    part.show()
                part.place(scale * ENLARGED if part in enlarged else scale, found[name])

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self.arrange()
