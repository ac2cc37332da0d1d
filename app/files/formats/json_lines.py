"""JSON Lines."""

from __future__ import annotations

from app.files.answer import FileAnswer, Hop
from app.files.formats.writer import Writer
from app.files.records import describe_hop_line, file_pieces


class JsonLinesWriter(Writer):
    """One object a line: a file, with the keys of a file in JSON, or a hop of a stream while it is heard.

    Every line is flushed when it is known, so that the next program in the pipe can act on it. No header and no
    footer: any line can be lost, and two outputs can be joined with `cat`. Errors are on standard error and in the
    file of `--errors`, not among the answers.
    """

    suffix = ".jsonl"

    def add(self, answer: FileAnswer) -> None:
        for piece in file_pieces(answer):
            self.stream.write(piece)
        self.stream.write("\n")
        self.stream.flush()

    def add_hop(self, path: str, hop: Hop) -> None:
        print(describe_hop_line(path, hop), file=self.stream, flush=True)
