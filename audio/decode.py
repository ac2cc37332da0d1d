"""Sound files and streams of every common kind into mono samples, block by block, in constant memory."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from audio.front_end import Samples
from audio.source import UnreadableFile, check_channel, mix_to_mono

BLOCK_SAMPLES = 16_384  # what libsndfile decodes at a time

NOT_SOUND = "this is not a sound file that can be decoded: convert it to WAV, FLAC, MP3, Ogg or M4A"
NO_SAMPLES = "not a single sample can be decoded from this file: check how it was made"

Blocks = Generator[Samples, None, None]


class SoundFile:
    """What libsndfile decodes. Raises LibsndfileError where it does not know this kind of file."""

    def __init__(self, path: Path, channel: int | None) -> None:
        import soundfile

        self._sound, self._channel = soundfile.SoundFile(path), channel
        self.sample_rate, self.channels = self._sound.samplerate, self._sound.channels
        self.duration: float | None = self._sound.frames / self.sample_rate
        check_channel(channel, self.channels, "file")

    def blocks(self, begin: float = 0.0) -> Blocks:
        """(n,) samples, those before `begin` seconds left out. Raises UnreadableFile where it is damaged."""
        import soundfile

        try:
            self._sound.seek(min(round(begin * self.sample_rate), self._sound.frames))
            while len(block := self._sound.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)):
                yield mix_to_mono(block, self._channel)
        except soundfile.LibsndfileError as error:
            raise _damaged("file") from error

    def close(self) -> None:
        self._sound.close()


class Soundtrack:
    """A container's first soundtrack, decoded by FFmpeg through PyAV. `kind` is what the user calls it: file, stream.

    Raises UnreadableFile, with the sentence `not_sound` where FFmpeg knows no such encoding.
    """

    def __init__(self, source: Any, kind: str, not_sound: str, channel: int | None = None) -> None:
        import av

        self._kind, self._channel = kind, channel
        try:
            self._container: Any = av.open(source, metadata_errors="ignore")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise UnreadableFile(not_sound) from error
        try:
            if not self._container.streams.audio:
                raise UnreadableFile(f"there is no sound in this {kind}: choose one that has a soundtrack")
            self._stream = self._container.streams.audio[0]
            if self._stream.codec_context is None:  # a damaged header names an encoding that nothing decodes
                raise UnreadableFile(not_sound)
            check_channel(channel, self.channels, kind)
            stated = self._container.duration
            self.duration: float | None = None if stated is None else stated / av.time_base  # s
        except UnreadableFile:
            self._container.close()
            raise

    @property
    def sample_rate(self) -> int:
        """Hz, as known so far."""
        return int(self._stream.codec_context.sample_rate)

    @property
    def channels(self) -> int:
        """Before mixing, as known so far."""
        return int(self._stream.codec_context.channels)

    def close(self) -> None:
        self._container.close()

    def blocks(self, begin: float = 0.0) -> Blocks:
        """See SoundFile.blocks."""
        import av

        # Pieces that were joined, as in a recorded broadcast, may change the rate, the channels or the sample type.
        known: tuple[str, str, int] | None = None
        rate, resampler = 0, None
        try:
            if begin:
                self._container.seek(round(begin * av.time_base))  # to a packet before it
            for packet in self._container.demux(self._stream):
                frames: list[Any] = []
                with suppress(av.error.InvalidDataError):  # a damaged packet is left out, as players do
                    frames = packet.decode()
                for frame in frames:
                    early = round((begin - (frame.time or 0.0)) * frame.sample_rate) if begin else 0
                    if early >= frame.samples:
                        continue
                    form = (frame.format.name, frame.layout.name, frame.sample_rate)
                    if resampler is None or form != known:
                        known, rate = form, rate or frame.sample_rate
                        # Not planar: PyAV reads beyond its memory from 9 planes on.
                        resampler = av.AudioResampler(format="flt", rate=rate)
                    for converted in resampler.resample(frame):
                        yield self._mono(converted)[max(0, early) :]
        except (av.FFmpegError, OSError, ValueError) as error:
            raise _damaged(self._kind) from error

    def _mono(self, frame: Any) -> Samples:
        samples = frame.to_ndarray().reshape(-1, frame.layout.nb_channels)
        is_there = self._channel is None or self._channel < samples.shape[1]
        with np.errstate(over="ignore", invalid="ignore"):  # infinite ones count as silence, and are counted
            return mix_to_mono(samples, self._channel if is_there else None)


class Decoded(NamedTuple):
    """Sound of which the first block is decoded.

    blocks: mono float32 of any length, each once; their end, or closing them, closes the decoder. Raise UnreadableFile
    where the file turns out to be damaged.
    sample_rate in Hz and channels before mixing, both of the first block, which may correct what the file states (AAC
    with SBR doubles the rate); duration in seconds as the file states it, None where it does not.
    """

    blocks: Blocks
    sample_rate: int
    channels: int
    duration: float | None


def decode(decoder: SoundFile | Soundtrack, no_samples: str, begin: float = 0.0) -> Decoded:
    """Decode the first block. Raises UnreadableFile, with the sentence `no_samples` where there is none."""

    def blocks() -> Blocks:
        with closing(decoder):
            decoded = decoder.blocks(begin)
            first = next(decoded, np.zeros(0, np.float32) if begin else None)
            if first is None:
                raise UnreadableFile(no_samples)
            yield np.zeros(0, np.float32)
            yield first
            yield from decoded

    begun = blocks()
    next(begun)
    return Decoded(begun, decoder.sample_rate, decoder.channels, decoder.duration)


def decode_file(path: str | Path, channel: int | None = None, begin: float = 0.0) -> Decoded:
    """Open a sound file with libsndfile, or with FFmpeg where that cannot, and decode its first block.

    The soundtrack of a video will do. `channel`: the index of the one to use, None for the mean of all. `begin`:
    seconds to leave out; at or behind the end no sample is left, which is no error. Raises UnreadableFile.
    """
    path = Path(path)
    if path.is_dir():
        raise UnreadableFile("this is a folder: name the sound files in it")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise UnreadableFile("there is no such file: check its name") from error
    except OSError as error:
        raise UnreadableFile(f"the file cannot be opened ({error.strerror}): check its permissions") from error
    if empty:
        raise UnreadableFile("the file is empty: fetch it again")
    # Both give the same samples of an MP3, but libsndfile prints its thoughts on truncated ones to the terminal.
    if path.suffix.lower() != ".mp3":
        import soundfile

        with suppress(soundfile.LibsndfileError):  # it does not know this kind of file
            return decode(SoundFile(path, channel), NO_SAMPLES, begin)
    return decode(Soundtrack(str(path), "file", NOT_SOUND, channel), NO_SAMPLES, begin)


def _damaged(kind: str) -> UnreadableFile:
    return UnreadableFile(f"the {kind} is damaged and cannot be decoded to its end: convert it or fetch it again")
