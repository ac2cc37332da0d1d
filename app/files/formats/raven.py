"""Raven selection tables."""

from __future__ import annotations

from app.files.answer import FileAnswer
from app.files.console import one_line
from app.files.formats.writer import Writer
from audio.spec import SAMPLE_RATE

COLUMNS = (
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Begin Path",
    "Genre",
    "Confidence",
)


class RavenWriter(Writer):
    """Between tabs, with the header that Raven looks for: its own columns by their exact names, then two of ours.

    A selection is a box in time and frequency, so each segment spans all that the model hears, up to half its sample
    rate. The file's name ends as Raven itself names tables. One table per sound.
    """

    suffix = ".selections.txt"
    holds_many = False

    def begin(self) -> None:
        self.stream.write("\t".join(COLUMNS) + "\n")

    def add(self, answer: FileAnswer) -> None:
        path = one_line(answer.path).replace("\t", "\\t")
        for number, segment in enumerate(answer.timeline.segments(), start=1):
            times = f"{segment.start:.6f}\t{segment.end:.6f}\t0.0\t{SAMPLE_RATE / 2:.1f}"
            row = f"{number}\tSpectrogram 1\t1\t{times}\t{path}\t{segment.genre}\t{segment.probability:.6f}\n"
            self.stream.write(row)
        self.stream.flush()
