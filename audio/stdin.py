"""A stream that can only be read on, such as standard input, as a source: raw PCM or any encoded sound."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

from audio.decode import decode_stream
from audio.errors import AudioError, UnreadableFile
from audio.mono import mix_to_mono
from audio.pcm import PcmFormat
from audio.source import Block, ClosesOnExit

QUEUED_BLOCKS = 64  # then whoever writes has to wait: a pipe loses nothing
READ_SECONDS = 0.02  # of raw sound per block at most
BEGINNING_SECONDS = 30.0  # how long to wait for the first sound of an encoded stream

Blocks = Iterator[NDArray[np.float32]]


class StreamSource(ClosesOnExit):
    """Reads in a thread of its own, since reading a pipe cannot be interrupted; closing does not wait for it.

    pcm: what raw samples mean; None for a stream that says it itself, of any kind that FFmpeg knows.
    channel: the index of the one to hear, None for the mean of all. Raises UnreadableFile, also from `read`.
    """

    status = ""

    def __init__(
        self,
        stream: IO[bytes],
        pcm: PcmFormat | None = None,
        channel: int | None = None,
        name: str = "standard input",
    ) -> None:
        if pcm is not None and channel is not None and not 0 <= channel < pcm.channels:
            raise UnreadableFile(f"there is no channel {channel + 1}: choose one from 1 to {pcm.channels}")
        self.name = name
        self._stream, self._pcm, self._channel = stream, pcm, channel
        self._queue: queue.Queue[NDArray[np.float32] | AudioError | None] = queue.Queue(QUEUED_BLOCKS)
        self._position = 0
        self._closed = self._ended = False
        self._rate_known = threading.Event()
        self.sample_rate = 0 if pcm is None else pcm.sample_rate
        threading.Thread(target=self._run, name="stream reader", daemon=True).start()
        if pcm is None:
            self._await_beginning()

    def _await_beginning(self) -> None:
        if not self._rate_known.wait(BEGINNING_SECONDS):
            self.close()
            raise UnreadableFile(f"nothing came for {BEGINNING_SECONDS:.0f} s: pipe sound into this program")
        if not self.sample_rate:
            problem = self._queue.get()
            assert isinstance(problem, AudioError)
            raise problem

    def read(self, timeout: float) -> Block | None:
        """The next samples; see Source.read."""
        if self._closed or self._ended:
            return None
        try:
            item = self._queue.get(timeout=timeout) if timeout > 0 else self._queue.get_nowait()
        except queue.Empty:
            return Block(np.zeros(0, np.float32), self._position)
        if item is None or isinstance(item, AudioError):
            self._ended = True
            if item is None:
                return None
            raise item
        block = Block(item, self._position)
        self._position += len(item)
        return block

    def close(self) -> None:
        """Hear no more. The reading thread ends when the pipe does, or gives it something, or the program ends."""
        self._closed = True

    def _run(self) -> None:
        try:
            for samples in self._encoded() if self._pcm is None else self._raw(self._pcm):
                if not self._put(samples):
                    return
            self._put(None)
        except AudioError as error:
            self._put(error)
        except (OSError, ValueError):  # the pipe broke, or somebody closed it
            self._put(UnreadableFile("reading it failed: pipe the sound in again"))
        self._rate_known.set()

    def _put(self, item: NDArray[np.float32] | AudioError | None) -> bool:
        """False when nobody wants it any more."""
        while not self._closed:
            try:
                self._queue.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def _encoded(self) -> Blocks:
        decoded = decode_stream(self._stream, self._channel)
        self.sample_rate = decoded.sample_rate
        self._rate_known.set()
        return decoded

    def _raw(self, pcm: PcmFormat) -> Blocks:
        size = pcm.frame_bytes
        wanted = max(1, round(READ_SECONDS * pcm.sample_rate)) * size
        # A pipe gives what is there, in pieces that need not be whole sample frames.
        read_some = getattr(self._stream, "read1", self._stream.read)
        rest = b""
        while content := read_some(wanted):
            content = rest + content
            whole = len(content) - len(content) % size
            rest = content[whole:]
            if whole:
                yield mix_to_mono(pcm.decode(content[:whole]), self._channel)
