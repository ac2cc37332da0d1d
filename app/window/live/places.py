"""Where each part of the live page stands, for any size and mode."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QRect

from app.window.cost.details import CONTROLS_HEIGHT
from app.window.live.answer import BADGE_HEIGHT

Mode = Literal["story", "details", "presentation"]
PRESENTATION_WIDTH, PRESENTATION_HEIGHT = 1200, 675  # pixels at scale 1


def places(width: int, height: int, scale: float, mode: Mode = "story") -> dict[str, QRect]:
    """Where each part stands on a page of any size; what is not named is not seen. With details these stand where the
    story does, and are higher.

    +---------------- source bar ----------------+
    +-------- status line -------+--- player ----+
    | now            | sound                     |
    |----------------+ and answers over time     |
    | answers        |---------------------------|
    |                | story                     |
    | badge          | controls                  |
    +----------------+---------------------------+
    """
    if mode == "presentation":
        return presentation_places(width, height)
    gap = round(12 * scale)
    bar = round(60 * scale)
    status = max(round(36 * scale), 30)  # two lines of the smallest text
    player = round(width * 0.34)
    top = bar + status + round(4 * scale)
    content = QRect(gap, top, width - 2 * gap, height - top - gap)
    left = round((content.width() - gap) * 0.30)
    right = content.width() - gap - left
    now = min(round((content.height() - gap) * 0.30), round(230 * scale))
    # What a tall window has to spare goes to the pictures: wide gaps between numbers help nobody.
    share, most = (0.70, 560) if mode == "details" else (0.575, 420)
    below = min(round((content.height() - gap) * share), round(most * scale))
    right_x, cost_y = content.x() + left + gap, content.bottom() + 1 - below
    answers = QRect(content.x(), content.y() + now + gap, left, content.height() - now - gap)
    cost = QRect(right_x, cost_y, right, below)
    padding, badge, controls = round(18 * scale), round(BADGE_HEIGHT * scale), round(CONTROLS_HEIGHT * scale)
    inside = padding, 0, -padding, -round(12 * scale)
    return {
        "source_bar": QRect(0, 0, width, bar),
        "status": QRect(gap, bar, width - 3 * gap - player, status),
        "player": QRect(width - gap - player, bar, player, status),
        "invitation": content,  # over all panels
        "now": QRect(content.x(), content.y(), left, now),
        "answers": answers,
        "badge": QRect(answers.x(), answers.bottom() - badge, left, badge).adjusted(*inside).translated(0, -1),
        "timeline": QRect(right_x, content.y(), right, cost_y - gap - content.y()),
        mode: cost,
        "controls": QRect(cost.x(), cost.bottom() - controls, right, controls).adjusted(*inside).translated(0, -1),
    }


def presentation_places(width: int, height: int) -> dict[str, QRect]:
    """From the last row: the genre, the story, the badge, and what was answered so far; warnings above all."""
    margin = round(min(width, height) * 0.04)
    across = width - 2 * margin

    def band(top: float, bottom: float) -> QRect:
        return QRect(margin, round(height * top), across, round(height * bottom) - round(height * top))

    badge = band(0.785, 0.845)
    return {
        "status": band(0.0, 0.055),
        "invitation": QRect(0, 0, width, height),
        "now": band(0.045, 0.465),
        "story": band(0.475, 0.77),
        "badge": badge.adjusted(across // 6, 0, -(across // 6), 0),
        "timeline": band(0.865, 0.99),
    }
