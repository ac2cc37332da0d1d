"""Lines for people."""

from __future__ import annotations

from app.files.answer import FileAnswer, Hop
from app.files.console import BOLD, PLAIN, clock, one_line
from app.files.formats.writer import Writer


class TableWriter(Writer):
    """`path: genre probability`, as `grep` and `file` print: the path first, one line each, nothing to be aligned.

    So it can be read while it grows, and cut with the tools that everybody has. Doubt stands behind the number, where
    it does not get in the way of either. With a timeline, a line per hop: `path 0:05: genre probability`.
    """

    suffix = ".txt"

    def add(self, answer: FileAnswer) -> None:
        if self.run.timeline:
            for hop in answer.timeline.hops():
                self.add_hop(answer.path, hop)
            return
        line = f"{one_line(answer.path)}: {self._genre(answer.genre)} {answer.probability:.2f}"
        line += " (unsure)" if answer.unsure else ""
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
            doubt = " (unsure)" if hop.unsure else ""
            line = f"{one_line(path)} {clock(hop.start)}: {self._genre(hop.genre)} {hop.probability:.2f}{doubt}"
            print(line, file=self.stream, flush=True)

    def _genre(self, genre: str) -> str:
        return f"{BOLD}{genre}{PLAIN}" if self.run.colour else genre
