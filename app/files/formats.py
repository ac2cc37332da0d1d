"""The output formats in plain text, a writer class each; the class says why its format is as it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import IO, Any, ClassVar

from app.files.answer import FileAnswer, FileError, Hop, Segment
from app.files.chapters import LEAST_CHAPTER_SECONDS, find_chapters
from app.files.console import BOLD, PLAIN
from app.stream.stream import TwinComparison
from app.text import clock, csv_row, half_up, one_line
from audio import SAMPLE_RATE

COMPARED = tuple(field.name for field in fields(TwinComparison) if field.name != "twin_probabilities")
RAVEN_COLUMNS = (
    *("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"),
    *("Begin Path", "Genre", "Confidence", "Verdict"),
)

MOST_TRACKS = 99  # of a cue sheet
CUE_KINDS = {".mp3": "MP3", ".aiff": "AIFF", ".aif": "AIFF"}  # by its file's suffix; all others are WAVE

RAVEN_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})  # what ends a cell or a line


@dataclass(frozen=True)
class Run:
    """What a document says about how it came about."""

    model: dict[str, str]  # name, hash
    parameters: dict[str, Any]
    genres: tuple[str, ...]
    timeline: bool = False  # whether the formats with a choice give a row per hop instead of one per file
    colour: bool = False
    top: int = 1  # how many genres stand in a row of the formats with a choice
    chapters: float | None = None  # s that a chapter lasts at least, where chapters stand for segments, rows for files

    @property
    def in_parts(self) -> bool:
        """Whether the formats with a choice have several rows for a file."""
        return self.timeline or self.chapters is not None

    def parts(self, answer: FileAnswer) -> Iterable[Hop]:
        """Those rows."""
        chapters = self.chapters_of(answer)
        return answer.timeline.hops() if chapters is None else chapters

    def segments(self, answer: FileAnswer) -> Iterable[Hop | Segment]:
        """What the formats about times show."""
        chapters = self.chapters_of(answer)
        return answer.timeline.segments() if chapters is None else chapters

    def chapters_of(self, answer: FileAnswer) -> list[Hop] | None:
        """None where they were not asked for."""
        return None if self.chapters is None else find_chapters(answer.timeline, self.chapters)


def leading(part: FileAnswer | Hop, top: int) -> list[tuple[str, float]]:
    """So many of the most probable genres, the first first, each with its probability."""
    return sorted(part.probabilities.items(), key=lambda item: -item[1])[:top]


def say(part: FileAnswer | Hop | Segment, before: str = "", after: str = "", others: str = "") -> str:
    """For people: "jazz 0.71", or what stands in its place; `before` and `after` go around the genre."""
    if part.verdict == "silence":
        return "silence"
    if part.verdict == "cancelled":
        return "silence (the channels cancel each other: try --channel 1)"
    doubt = " (unsure)" if part.verdict == "unsure" else ""
    return f"{before}{part.genre}{after} {part.probability:.2f}{others}{doubt}"


def length_heard(answer: FileAnswer) -> str:
    """ "30.0 s heard, track 2 of 3"."""
    of = f", track {answer.track} of {answer.tracks}" if answer.tracks > 1 else ""
    return f"{half_up(answer.duration, 1):.1f} s heard{of}"


def shortcomings(answer: FileAnswer) -> list[str]:
    """What was wrong with a file that was answered for all the same, a sentence each."""
    said = []
    if answer.invalid_samples:
        said.append(f"heard as silence, samples that are NaN, infinite or absurdly large: {answer.invalid_samples}")
    if not answer.complete:
        there = f"{answer.duration:.1f} s that are there"
        said.append(f"it ends early, answered for the {there}: fetch it again for the rest")
    return said


class Writer:
    """Of one document: `add` for every file, then `finish`. Raises OSError where the stream does."""

    suffix: ClassVar[str]  # that a file of this format ends in, after the whole name of its input
    holds_many: ClassVar[bool] = True  # whether one document may be about several files

    def __init__(self, stream: IO[str], run: Run) -> None:
        self.stream, self.run = stream, run
        self.begin()

    def begin(self) -> None:
        """What stands before the first file."""

    def add(self, answer: FileAnswer) -> None:
        raise NotImplementedError

    def add_hop(self, path: str, hop: Hop) -> None:
        """A hop of a stream that goes on; formats that only make sense as a whole leave it out."""

    def finish(self, errors: Sequence[FileError]) -> None:
        """What stands after the last file."""


class TableWriter(Writer):
    """`path: genre probability`, as `grep` and `file` print: the path first, one line each, nothing to be aligned.

    So it can be read while it grows, and cut with the tools that everybody has. Doubt stands behind the number, where
    it does not get in the way of either; where nothing was heard, that stands in their place. With a timeline or
    chapters, a line for each: `path 0:05: genre probability`.
    """

    suffix = ".txt"

    def add(self, answer: FileAnswer) -> None:
        if self.run.in_parts:
            for part in self.run.parts(answer):
                self._print(answer.path, part)
            return
        line = self._line(answer.path, answer)
        twin = answer.comparison
        if twin is not None:
            line += (
                f"; twin: {twin.twin_genre} {twin.twin_probability:.2f}, largest difference "
                f"{twin.largest_difference:.1e}, {twin.step_milliseconds:.0f} ms against {twin.twin_milliseconds:.0f} "
                f"ms ({twin.step_real_time:.0f} and {twin.twin_real_time:.0f} times real time), "
                f"{twin.step_flops / 1e6:.2f} against {twin.twin_flops / 1e6:.2f} MFLOP a frame"
            )
        print(line, file=self.stream, flush=True)

    def add_hop(self, path: str, hop: Hop) -> None:
        if self.run.timeline:
            self._print(path, hop)

    def _print(self, path: str, part: Hop) -> None:
        print(self._line(f"{path} {clock(part.start)}", part), file=self.stream, flush=True)

    def _line(self, of: str, answer: FileAnswer | Hop) -> str:
        others = "".join(f", {genre} {share:.2f}" for genre, share in leading(answer, self.run.top)[1:])
        return f"{one_line(of)}: {say(answer, *((BOLD, PLAIN) if self.run.colour else ('', '')), others)}"


class CsvWriter(Writer):
    """One header, one row per file, or with a timeline or chapters one for each: what spreadsheets, pandas and R open
    as it is.

    Commas, points and a header whatever the locale and however many rows follow; see `csv_row`. A column per genre, not
    a list in a cell, so that nothing has to be parsed twice. Unsure is 0 or 1, because programs disagree on how to
    spell truth. New columns come last.
    """

    suffix = ".csv"

    def begin(self) -> None:
        self._compared = COMPARED if self.run.parameters["compare"] and not self.run.in_parts else ()
        times = ("start", "end") if self.run.in_parts else ("duration",)
        names = ["path", *times, "genre", "probability", "unsure", *self.run.genres, *self._compared]
        names += ["verdict", "complete"]
        self._share = "genres" in self.run.parameters and not self.run.in_parts
        names += ["share"] if self._share else []
        for place in range(2, min(self.run.top, len(self.run.genres)) + 1):
            names += [f"genre_{place}", f"probability_{place}"]
        self.stream.write(csv_row(names))

    def add(self, answer: FileAnswer) -> None:
        for part in self.run.parts(answer) if self.run.in_parts else [answer]:
            spans = (part.duration,) if isinstance(part, FileAnswer) else (part.start, part.end)
            row: list[Any] = [answer.path, *(f"{half_up(span, 3):.3f}" for span in spans), part.genre]
            row += [f"{part.probability:.6f}", int(part.unsure), *map("{:.6f}".format, part.probabilities.values())]
            row += [*(getattr(answer.comparison, name) for name in self._compared), part.verdict, int(answer.complete)]
            row += [f"{answer.share:.6f}"] if self._share else []
            for genre, probability in leading(part, self.run.top)[1:]:
                row += [genre, f"{probability:.6f}"]
            self.stream.write(csv_row(row))
        self.stream.flush()


class AudacityWriter(Writer):
    """A label track: start, end, label between tabs, no header. A fourth column or a comment would not open.

    File > Import > Labels puts the segments below the waveform. Seconds have six digits and a point, as Audacity itself
    writes them. A label has no path, so a document is about one file.
    """

    suffix = ".audacity.txt"
    holds_many = False

    def add(self, answer: FileAnswer) -> None:
        for segment in self.run.segments(answer):
            self.stream.write(f"{segment.start:.6f}\t{segment.end:.6f}\t{say(segment)}\n")
        self.stream.flush()


class RavenWriter(Writer):
    """A selection table between tabs, with the header that Raven looks for: its own columns by their exact names, then
    three of ours.

    A selection is a box in time and frequency, so each segment spans all that the model gets, up to half its sample
    rate, or the file's where that is lower; it is of the channel that was heard, of the first where that was the mean.
    The file's name ends as Raven itself names tables. One table per sound.
    """

    suffix = ".selections.txt"
    holds_many = False

    def begin(self) -> None:
        self.stream.write("\t".join(RAVEN_COLUMNS) + "\n")

    def add(self, answer: FileAnswer) -> None:
        path = answer.path.translate(RAVEN_ESCAPES)
        channel, highest = self.run.parameters["channel"] or 1, min(SAMPLE_RATE, answer.sample_rate) / 2
        for number, segment in enumerate(self.run.segments(answer), start=1):
            times = f"{segment.start:.6f}\t{segment.end:.6f}\t0.0\t{highest:.1f}"
            genre = "silence" if segment.verdict == "silence" else segment.genre
            said = f"{genre}\t{segment.probability:.6f}\t{segment.verdict}"
            self.stream.write(f"{number}\tSpectrogram 1\t{channel}\t{times}\t{path}\t{said}\n")
        self.stream.flush()


class CueWriter(Writer):
    """A cue sheet: the sound file by its absolute path, so that it opens from anywhere, and a track for each chapter.

    Players and burning programs know 99 tracks, so chapters get longer until that is enough. Times are minutes, seconds
    and 75ths of one. A title stands between quotes and there is no way to write one in it.
    """

    suffix = ".cue"
    holds_many = False

    def add(self, answer: FileAnswer) -> None:
        least = self.run.chapters or LEAST_CHAPTER_SECONDS
        while len(chapters := find_chapters(answer.timeline, least)) > MOST_TRACKS:
            least *= 2
        path = one_line(os.path.abspath(answer.path)).replace('"', "'")
        kind = CUE_KINDS.get(os.path.splitext(path)[1].lower(), "WAVE")
        self.stream.write(f'REM COMMENT "genres by nystream, chapters of {least:g} s or more"\nFILE "{path}" {kind}\n')
        for number, chapter in enumerate(chapters, start=1):
            seconds, frame = divmod(round(chapter.start * 75), 75)
            title = "silence" if chapter.verdict == "silence" else chapter.genre.replace('"', "'")
            doubt = " (unsure)" if chapter.verdict == "unsure" else ""
            self.stream.write(f'  TRACK {number:02} AUDIO\n    TITLE "{title}{doubt}"\n')
            self.stream.write(f"    INDEX 01 {seconds // 60:02}:{seconds % 60:02}:{frame:02}\n")
        self.stream.flush()
