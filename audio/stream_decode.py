"""An encoded stream that cannot be wound back (a pipe) as a source, decoded while it arrives."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.errors import UnreadableFile
from audio.mono import mix_to_mono
from audio.source import Block, ClosesOnExit

NOT_SOUND = (
    "what comes from the pipe is no sound that can be decoded while it arrives: send WAV, FLAC, MP3, Ogg or raw samples"
)


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

    Raises UnreadableFile, also from `read` where the stream turns out to be damaged.
    """

    status = ""

    def __init__(self, descriptor: int, name: str = "standard input") -> None:
        import av

        self.name = name
        self._position = 0
        reader = PipeReader(descriptor)
        try:
            self._container: Any = av.open(reader, metadata_errors="ignore")
        except (av.FFmpegError, OSError, ValueError) as error:
            nothing = "nothing came from the pipe: check the program before it"
            raise UnreadableFile(NOT_SOUND if reader.anything else nothing) from error
        if not self._container.streams.audio:
            self._container.close()
            raise UnreadableFile("there is no sound in this stream: choose one that has a soundtrack")
        self._stream = self._container.streams.audio[0]
        if self._stream.codec_context is None:  # a damaged header names an encoding that nobody decodes
            self._container.close()
            raise UnreadableFile(NOT_SOUND)
        self._blocks = self._decode()
        self._first = next(self._blocks, None)
        if self._first is None:
            self._container.close()
            raise UnreadableFile("not a single sample can be decoded from this stream: check how it was made")
        # Asked only now: decoding the first frame can correct it (AAC with SBR doubles the rate).
        self.sample_rate: int = self._stream.codec_context.sample_rate

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
        self._container.close()

    def _decode(self) -> Generator[NDArray[np.float32], None, None]:
        import av

        # The samples' type only: rate and channels stay. Not planar: PyAV reads beyond its memory from 9 planes on.
        to_float: Any = av.AudioResampler(format="flt")
        try:
            for packet in self._container.demux(self._stream):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    continue  # a damaged packet: players leave it out and go on
                for frame in frames:
                    for converted in to_float.resample(frame):
                        samples = converted.to_ndarray().reshape(-1, converted.layout.nb_channels)
                        with np.errstate(over="ignore", invalid="ignore"):  # infinite ones are heard as silence
                            mono = mix_to_mono(samples)
                        yield mono
        except (av.FFmpegError, OSError, ValueError) as error:
            raise UnreadableFile("the stream is damaged and cannot be decoded to its end") from error
