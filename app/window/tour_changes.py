"""What the tour does to the model while it speaks of it, and how that is undone."""

from __future__ import annotations

from app.live.protocol import Session
from app.window.tour import Tour

LONGER = 4.0  # times as long, or the nearest below that there is


class TourChanges:
    """Makes the window longer for a step, and gives it back at the latest when the tour ends."""

    def __init__(self, session: Session, tour: Tour) -> None:
        self._session = session
        self._before: tuple[str, float] | None = None  # row and window
        tour.changed.connect(self._change)
        tour.ended.connect(self._restore)

    def _change(self, change: str) -> None:
        if change != "longer window":
            self._restore()
        elif self._before is None:
            model = self._session.model
            longer = [seconds for seconds in self._session.windows if seconds <= LONGER * model.window_seconds * 1.01]
            self._before = model.row.key, model.window_seconds
            if longer:
                # The first row is the one that ships: what the caption says of its cost is true of that one.
                self._session.choose_model(self._session.rows[0].key, longer[-1])

    def _restore(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            self._session.choose_model(*before)
