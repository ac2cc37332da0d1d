"""CSV."""

from __future__ import annotations

import csv
from typing import Any

from app.files.answer import FileAnswer
from app.files.formats.writer import Writer

COMPARED = (
    "twin_genre",
    "twin_probability",
    "largest_difference",
    "step_flops",
    "twin_flops",
    "step_milliseconds",
    "twin_milliseconds",
    "step_real_time",
    "twin_real_time",
)


class CsvWriter(Writer):
    """One header, one row per file, or with a timeline one per hop: what spreadsheets, pandas and R open as it is.

    Commas, points and a header whatever the locale, quoting by RFC 4180 but with bare line feeds, which Unix tools
    expect. A column per genre, not a list in a cell, so that nothing has to be parsed twice. Unsure is 0 or 1, because
    programs disagree on how to spell truth.
    """

    suffix = ".csv"
    _begun = False

    def add(self, answer: FileAnswer) -> None:
        writer = csv.writer(self.stream, lineterminator="\n")
        compared = self.run.parameters.get("compare") and not self.run.timeline
        if not self._begun:
            times = ("start", "end") if self.run.timeline else ("duration",)
            extra = COMPARED if compared else ()
            writer.writerow(["path", *times, "genre", "probability", "unsure", *answer.probabilities, *extra])
            self._begun = True
        if self.run.timeline:
            for hop in answer.timeline.hops():
                row: list[Any] = [answer.path, f"{hop.start:.3f}", f"{hop.end:.3f}", hop.genre]
                row += [f"{hop.probability:.6f}", int(hop.unsure), *map("{:.6f}".format, hop.probabilities.values())]
                writer.writerow(row)
        else:
            row = [answer.path, f"{answer.duration:.3f}", answer.genre, f"{answer.probability:.6f}"]
            row += [int(answer.unsure), *map("{:.6f}".format, answer.probabilities.values())]
            if answer.comparison is not None:
                row += [getattr(answer.comparison, name) for name in COMPARED]
            writer.writerow(row)
        self.stream.flush()
