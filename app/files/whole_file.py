"""A file that is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any


class WholeFile:
    """Written beside its place under another name, and put there when `commit` is called.

    Leaving the `with` without a commit, whatever the reason, leaves nothing. A program that is killed can leave the
    partial file, whose name begins with a dot and ends in `.partial`; the next run over the same place replaces it.
    Raises OSError.
    """

    def __init__(self, path: Path, overwrite: bool = True, binary: bool = False) -> None:
        self._path = path
        self._overwrite = overwrite
        self._binary = binary
        self._partial = path.with_name(f".{path.name}.partial")

    def __enter__(self) -> WholeFile:
        if not self._overwrite and os.path.lexists(self._path):
            raise FileExistsError(17, "it exists already: add --overwrite, or choose another place", str(self._path))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.stream: IO[Any]
        if self._binary:
            self.stream = self._partial.open("wb")
        else:  # Names and labels need not be UTF-8; one odd name must not cost a whole table.
            self.stream = self._partial.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        return self

    def commit(self) -> None:
        """Everything is said: make it safe, then visible."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        self._partial.replace(self._path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stream.close()
        except OSError:  # a full disk: what was still in the buffer goes with the file
            pass
        finally:
            self._partial.unlink(missing_ok=True)
