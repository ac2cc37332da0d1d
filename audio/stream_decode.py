"""An encoded stream that cannot be wound back (a pipe) as a source, decoded while it arrives."""

from __future__ import annotations

import os

from audio.av_decode import Soundtrack
from audio.errors import UnreadableFile
from audio.source import Block, ClosesOnExit

NOTHING = "nothing came from the pipe: check the program before it"
NOT_SOUND = (
    "what comes from the pipe is no sound that can be decoded while it arrives: send WAV, FLAC, MP3, Ogg or raw samples"
)
NO_SAMPLES = "not a single sample can be decoded from this stream: check how it was made"


class PipeReader:
    """What PyAV reads from: whatever has arrived, where a buffered file would wait for all that was asked for."""

    name = ""  # it looks for one

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.anything = False

    def read(self, size: int) -> bytes:
        arrived = os.read(self._descriptor, size)
        self.anything = self.anything or bool(arrived)
        return arrived


class StreamSource(ClosesOnExit):
    """Any encoding that FFmpeg decodes without seeking. Does not close the descriptor: it is somebody else's.

    channel: the index of the one to hear, None for the mean of all. Raises UnreadableFile, also from `read` where the
    stream turns out to be damaged.
    """

    status = ""

    def __init__(self, descriptor: int, name: str = "standard input", channel: int | None = None) -> None:
        self.name = name
        self._position = 0
        reader = PipeReader(descriptor)
        try:
            self._soundtrack = Soundtrack(reader, "stream", NOT_SOUND, channel)
        except UnreadableFile as error:
            raise (error if reader.anything else UnreadableFile(NOTHING)) from error
        self._blocks = self._soundtrack.blocks()
        self._first = next(self._blocks, None)
        if self._first is None:
            self._soundtrack.close()
            raise UnreadableFile(NO_SAMPLES)
        self.sample_rate = self._soundtrack.sample_rate  # asked only now: the first block can correct it

    def read(self, timeout: float) -> Block | None:
        """The samples of the next decoded frame; None at the end. Waits as long as the writer does."""
        samples, self._first = self._first, None
        if samples is None:
            samples = next(self._blocks, None)
        if samples is None:
            return None
        block = Block(samples, self._position)
        self._position += len(samples)
        return block

    def close(self) -> None:
        """Nothing more comes."""
        self._first = None
        self._blocks.close()
        self._soundtrack.close()
