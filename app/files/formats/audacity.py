"""Audacity label tracks."""

from __future__ import annotations

from app.files.answer import FileAnswer
from app.files.formats.writer import Writer


class AudacityWriter(Writer):
    """Three columns and no header, between tabs: start, end, label. A fourth column or a comment would not open.

    File > Import > Labels puts the segments below the waveform. Seconds have six digits and a point, as Audacity itself
    writes them. A label has no path, so a document is about one file.
    """

    suffix = ".audacity.txt"
    holds_many = False

    def add(self, answer: FileAnswer) -> None:
        for segment in answer.timeline.segments():
            label = f"{segment.genre} {segment.probability:.2f}"
            self.stream.write(f"{segment.start:.6f}\t{segment.end:.6f}\t{label}\n")
        self.stream.flush()
