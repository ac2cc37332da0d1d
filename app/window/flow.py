"""Makes an even motion of frames that come in jerks."""

from __future__ import annotations

SLACK = 4  # frames: the picture may lag this far behind, to flow evenly


class Flow:
    """`edge` is where the picture's right edge is, in frames since the run began."""

    def __init__(self) -> None:
        self.edge = 0.0

    def advance(self, written: int, frames: float) -> bool:
        """Go on by the time of `frames` frames, about one behind the newest; False when nothing moved."""
        before = self.edge
        behind = written - self.edge
        self.edge += frames * (1 + 0.4 * (behind - 1))
        self.edge = min(max(self.edge, written - SLACK), written)
        return self.edge != before
