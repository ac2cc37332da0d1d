"""An X screen of our own, looked at in its memory: what is there has really been painted."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

WIDTH, HEIGHT = 1280, 800  # as large as the window opens: without a window manager they coincide
LOOKED_AT = 64  # lines of the picture, evenly spread: enough to see that something moves
COLOURS = 30  # so many different ones mean text and curves, not an empty window
PIXEL = 4  # bytes


class Screen:
    """`with Screen() as screen:`; programs find it by `environment`. Needs the program Xvfb."""

    def __enter__(self) -> Screen:
        self._folder = tempfile.TemporaryDirectory(prefix="nystream-screen-")
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
        command += ["-fbdir", self._folder.name]
        self._server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._server.stdout is not None
        self.environment = {"DISPLAY": f":{self._server.stdout.readline().strip()}", "QT_QPA_PLATFORM": "xcb"}
        file = os.open(Path(self._folder.name) / "Xvfb_screen0", os.O_RDONLY)
        try:
            self._memory = mmap.mmap(file, 0, prot=mmap.PROT_READ)
        finally:
            os.close(file)
        # An X window dump: 25 numbers, a name, a table of colours, and then the picture.
        header = struct.unpack_from(">25I", self._memory)
        self._line = header[12]
        self._begin = header[0] + 12 * header[19]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.close()
        self._server.terminate()
        self._server.communicate()
        self._folder.cleanup()

    def look(self) -> bytes:
        """Some lines of the picture, as it is at this moment."""
        offsets = range(self._begin, self._begin + HEIGHT * self._line, HEIGHT // LOOKED_AT * self._line)
        return b"".join(self._memory[offset : offset + PIXEL * WIDTH] for offset in offsets)

    def is_painted(self) -> bool:
        """Whether there is more than an empty window."""
        seen = memoryview(self.look()).cast("I")
        return len(set(seen)) > COLOURS
