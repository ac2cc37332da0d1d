"""Where the panels stand in a window of any size: arithmetic alone, so that every size can be checked.

+---------------- source bar ----------------+
+-------- status line -------+--- player ----+
| now            | spectrogram | history     |
|----------------+---------------------------|
| genres         | cost                      |
+----------------+---------------------------+
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect


@dataclass(frozen=True, slots=True)
class Places:
    """One rectangle for each panel; `content` is all that lies below the status line."""

    source_bar: QRect
    status: QRect
    player: QRect
    content: QRect
    now: QRect
    genres: QRect
    spectrogram: QRect
    history: QRect
    cost: QRect


def places(width: int, height: int, scale: float) -> Places:
    """Divide the window: the cost panel, the heart, gets the largest part."""
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
    return Places(
        source_bar=QRect(0, 0, width, bar),
        status=QRect(gap, bar, width - 3 * gap - player, status),
        player=QRect(width - gap - player, bar, player, status),
        content=content,
        now=QRect(content.x(), content.y(), left, now),
        genres=QRect(content.x(), below_y, left, below),
        spectrogram=QRect(right_x, content.y(), half, now),
        history=QRect(right_x + half + gap, content.y(), right - half - gap, now),
        cost=QRect(right_x, below_y, right, below),
    )
