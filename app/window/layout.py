"""Where the panels stand in a window of any size: arithmetic alone, so that every size can be checked.

+---------------- source bar ----------------+
+---------------- status line ---------------+
| now            | spectrogram               |
|----------------+---------------------------|  content: the live view
| genres         | cost                      |
+----------------+---------------------------+
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect


@dataclass(frozen=True, slots=True)
class Places:
    """The rows of the window; `content` is all that lies below the status line."""

    source_bar: QRect
    status: QRect
    content: QRect


@dataclass(frozen=True, slots=True)
class LivePlaces:
    """One rectangle for each live panel, in the live view's own coordinates."""

    now: QRect
    genres: QRect
    spectrogram: QRect
    cost: QRect


def gap(scale: float) -> int:
    """Pixels between two panels."""
    return round(12 * scale)


def places(width: int, height: int, scale: float) -> Places:
    """Divide the window."""
    bar, status = round(60 * scale), round(34 * scale)
    top, space = bar + status + round(4 * scale), gap(scale)
    return Places(
        source_bar=QRect(0, 0, width, bar),
        status=QRect(space, bar, width - 2 * space, status),
        content=QRect(space, top, width - 2 * space, height - top - space),
    )


def live_places(width: int, height: int, scale: float) -> LivePlaces:
    """Divide the live view: the cost panel, the heart, gets the largest part."""
    space = gap(scale)
    left = round((width - space) * 0.28)
    right = width - space - left
    # What a tall window has to spare goes to the spectrogram: wide gaps between numbers help nobody.
    below = min(round((height - space) * 0.68), round(560 * scale))
    above = height - space - below
    return LivePlaces(
        now=QRect(0, 0, left, above),
        genres=QRect(0, above + space, left, below),
        spectrogram=QRect(left + space, 0, right, above),
        cost=QRect(left + space, above + space, right, below),
    )
