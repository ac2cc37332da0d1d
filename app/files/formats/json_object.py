"""JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from app.files.answer import FileAnswer, FileError
from app.files.formats.writer import Writer
from app.files.records import file_pieces

SCHEMA = "nystream-classify-1"


class JsonWriter(Writer):
    """One object for the whole run, with what it takes to repeat it: which model, which parameters.

    Written as the files come in, so that neither a large library nor a long file is ever held whole; what failed comes
    last because it is known last. A hop stands on a line of its own, for people and for diff. All characters are ASCII:
    a name that is no valid text keeps its bytes as Python's surrogate escapes.
    """

    suffix = ".json"
    _begun = False

    def begin(self) -> None:
        self.stream.write(f'{{"schema": {json.dumps(SCHEMA)},\n"model": {json.dumps(self.run.model)},\n')
        self.stream.write(f'"parameters": {json.dumps(self.run.parameters)},\n"files": [')

    def add(self, answer: FileAnswer) -> None:
        self.stream.write(",\n" if self._begun else "\n")
        self._begun = True
        for piece in file_pieces(answer, separator=",\n  "):
            self.stream.write(piece)

    def finish(self, errors: Sequence[FileError]) -> None:
        self.stream.write(f'],\n"errors": {json.dumps([asdict(error) for error in errors])}}}\n')
        self.stream.flush()
