"""Sound from a pipe as a source: raw PCM, or any encoding that FFmpeg decodes while it arrives."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.decode import DecodedSource, Decoder, Origin
from audio.encoded import READ_BYTES
from audio.front_end import Samples
from audio.source import (
    HIGHEST_RATE,
    LOWEST_RATE,
    AudioError,
    Block,
    Mixer,
    SampleSource,
    Source,
    SourceAround,
    SourceState,
    UnreadableFile,
    check_channel,
)

MOST_CHANNELS = 1024
QUEUED_BLOCKS = 16  # that a thread reads ahead
STALLED_SECONDS = 1.0  # without a sample, while some are waited for

STREAM = Origin(
    "stream",
    "nothing came from the pipe: check the program before it",
    "what comes from the pipe is no sound that can be decoded while it arrives: send WAV, FLAC, MP3, Ogg or raw "
    "samples",
)

# ffmpeg's names.
SAMPLE_TYPES = ("u8", "s8", *(kind + order for kind in ("s16", "s24", "s32", "f32", "f64") for order in ("le", "be")))


@dataclass(frozen=True)
class RawFormat:
    """What a header would say."""

    sample_type: str  # one of SAMPLE_TYPES
    sample_rate: int  # Hz
    channels: int

    @property
    def frame_bytes(self) -> int:
        """One sample of every channel."""
        return int(self.sample_type[1:].rstrip("lbe")) // 8 * self.channels

    @classmethod
    def parse(cls, text: str) -> RawFormat:
        """`s16le,44100,2`. Raises ValueError, one sentence."""
        parts = text.split(",")
        if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts[1:]):
            raise ValueError(f"{text!r} does not describe raw sound: write type,rate,channels, like s16le,44100,2")
        sample_type, sample_rate, channels = parts[0].strip().lower(), int(parts[1]), int(parts[2])
        if sample_type not in SAMPLE_TYPES:
            raise ValueError(f"raw samples of type {parts[0]!r} are not known: choose one of {', '.join(SAMPLE_TYPES)}")
        if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
            raise ValueError(f"{sample_rate} Hz is no rate of sound: give {LOWEST_RATE} to {HIGHEST_RATE}")
        if not 1 <= channels <= MOST_CHANNELS:
            raise ValueError(f"{channels} channels cannot be: give 1 to {MOST_CHANNELS}")
        return cls(sample_type, sample_rate, channels)


class RawSource(SampleSource):
    """Reads a file descriptor as the bytes arrive. Does not close it.

    channel: the index of the one to use, None for the mean of all. Raises UnreadableFile where there is no such one,
    also from `read`.
    leftover_bytes: what was left when the stream ended in the middle of a sample frame; it is left out.
    """

    def __init__(
        self, descriptor: int, raw: RawFormat, name: str = "standard input", channel: int | None = None
    ) -> None:
        check_channel(channel, raw.channels, "stream")
        self.leftover_bytes = 0
        self._mixer = Mixer(channel)
        super().__init__(name, raw.sample_rate, self._arriving(descriptor, raw))

    @property
    def cancels(self) -> bool:
        return self._mixer.cancels

    def _arriving(self, descriptor: int, raw: RawFormat) -> Generator[Samples, None, None]:
        kept = b""
        try:
            while arrived := os.read(descriptor, READ_BYTES):
                kept += arrived
                whole = len(kept) - len(kept) % raw.frame_bytes
                samples = self._mixer.mix(to_samples(kept[:whole], raw))
                kept = kept[whole:]
                yield samples
        except OSError as error:
            raise UnreadableFile(f"standard input cannot be read ({error.strerror}): check what is piped in") from error
        self.leftover_bytes = len(kept)


def to_samples(content: bytes, raw: RawFormat) -> Samples:
    """Whole sample frames -> (n, channels) float32, full scale 1."""
    kind, size = raw.sample_type[0], raw.frame_bytes // raw.channels
    is_little = not raw.sample_type.endswith("be")
    if size == 3:  # which numpy does not have
        triples = np.frombuffer(content, np.uint8).reshape(-1, 3)
        widened = np.zeros((len(triples), 4), np.uint8)
        # Into the three high bytes of 32 bits: the sign is then where it belongs, and full scale that of 32 bits.
        widened[:, 1:] = triples if is_little else triples[:, ::-1]
        numbers: NDArray[np.generic] = widened.view("<i4").reshape(-1)
        size = 4
    else:
        numbers = np.frombuffer(content, f"{'<' if is_little else '>'}{kind.replace('s', 'i')}{size}")
    scaled = numbers.astype(np.float64) / (1.0 if kind == "f" else 2.0 ** (8 * size - 1))
    if raw.sample_type == "u8":
        scaled -= 1.0
    with np.errstate(over="ignore", invalid="ignore"):  # becomes infinite, which counts as silence, and is counted
        return scaled.astype(np.float32).reshape(-1, raw.channels)


class StreamSource(DecodedSource):
    """Any encoding that FFmpeg decodes without seeking. Does not close the descriptor.

    channel: the index of the one to use, None for the mean of all. track: see Decoder. Raises UnreadableFile, also from
    `read` where the stream fails.
    """

    def __init__(
        self, descriptor: int, name: str = "standard input", channel: int | None = None, track: int | None = None
    ) -> None:
        pipe = open(descriptor, "rb", buffering=0, closefd=False)  # noqa: SIM115 (the decoder closes it)
        super().__init__(name, Decoder(pipe, STREAM, channel, track))


class PipePlayer(SourceAround):
    """A stream whose `read` waits no longer than it is told, whatever the program before it does: a thread reads ahead,
    a little. That thread lasts until the pipe gives something or ends.
    """

    def __init__(self, stream: Source) -> None:
        super().__init__(stream)
        self._read: queue.Queue[Block | AudioError | None] = queue.Queue(QUEUED_BLOCKS)
        self._closed = threading.Event()
        self._next = 0
        self._heard = time.monotonic()
        threading.Thread(target=self._read_ahead, name="pipe", daemon=True).start()

    @property
    def state(self) -> SourceState:
        return "stalled" if time.monotonic() - self._heard > STALLED_SECONDS else "listening"

    @property
    def status(self) -> str:
        return "Nothing comes from the pipe." if self.state == "stalled" else ""

    def read(self, timeout: float) -> Block | None:
        """See Source.read."""
        try:
            read = None if self._closed.is_set() else self._read.get(timeout=max(timeout, 0.0))
        except queue.Empty:
            return Block(np.zeros(0, np.float32), self._next)
        self._heard = time.monotonic()
        if isinstance(read, AudioError):
            raise read
        if read is not None:
            self._next = read.start + len(read.samples)
        return read

    def close(self) -> None:
        """The stream itself is closed by the thread that reads it."""
        self._closed.set()

    def _read_ahead(self) -> None:
        with self._source as stream:
            read: Block | AudioError | None = Block(np.zeros(0, np.float32), 0)
            while isinstance(read, Block) and not self._closed.is_set():
                try:
                    read = stream.read(STALLED_SECONDS)
                except AudioError as error:
                    read = error
                while not self._closed.is_set():
                    try:
                        self._read.put(read, timeout=0.1)
                        break
                    except queue.Full:
                        continue
