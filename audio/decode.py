"""Sound files and streams of every common kind into mono samples, block by block, in constant memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.source import UnreadableFile, check_channel, mix_to_mono

BLOCK_SAMPLES = 16_384  # what libsndfile decodes at a time

NOT_SOUND = "this is not a sound file that can be decoded: convert it to WAV, FLAC, MP3, Ogg or M4A"
NO_SAMPLES = "not a single sample can be decoded from this file: check how it was made"

Blocks = Generator[NDArray[np.float32], None, None]


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
        """Close it."""
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

    @property
    def duration(self) -> float | None:
        """Seconds as the container states it."""
        import av

        return None if self._container.duration is None else self._container.duration / av.time_base

    def close(self) -> None:
        """Close it."""
        self._container.close()

    def blocks(self, begin: float = 0.0) -> Blocks:
        """See SoundFile.blocks."""
        import av

        to_samples = FrameConverter(self._channel)
        try:
            if begin:
                self._container.seek(round(begin * av.time_base))  # to a packet before it
            for packet in self._container.demux(self._stream):
                for frame in _frames_of(packet):
                    early = round((begin - (frame.time or 0.0)) * frame.sample_rate) if begin else 0
                    if early < frame.samples:
                        for samples in to_samples(frame):
                            yield samples[max(0, early) :]
        except (av.FFmpegError, OSError, ValueError) as error:
            raise _damaged(self._kind) from error


class FrameConverter:
    """Decoded frames into mono samples at the rate of the first one.

    Pieces that were joined, as in a recorded broadcast, may change the rate, the channels or the sample type.
    """

    def __init__(self, channel: int | None) -> None:
        self._channel = channel
        self._rate: int | None = None
        self._form: tuple[str, str, int] | None = None
        self._resampler: Any = None

    def __call__(self, frame: Any) -> Iterator[NDArray[np.float32]]:
        """-> (n,) float32, once for each frame that it becomes."""
        import av

        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            self._form, self._rate = form, self._rate or frame.sample_rate
            # Not planar: PyAV reads beyond its memory from 9 planes on.
            self._resampler = av.AudioResampler(format="flt", rate=self._rate)
        for converted in self._resampler.resample(frame):
            samples = converted.to_ndarray().reshape(-1, converted.layout.nb_channels)
            is_there = self._channel is None or self._channel < samples.shape[1]
            with np.errstate(over="ignore", invalid="ignore"):  # infinite ones count as silence, and are counted
                mono = mix_to_mono(samples, self._channel if is_there else None)
            yield mono


def _frames_of(packet: Any) -> list[Any]:
    """A damaged packet gives no frames: it is left out, as players do."""
    import av

    try:
        frames: list[Any] = packet.decode()
    except av.error.InvalidDataError:
        return []
    return frames


class DecodedSound:
    """Iterates once over mono float32 blocks of any length, and closes the decoder at their end.

    sample_rate in Hz and channels before mixing, both of the first block, which may correct what the file states (AAC
    with SBR doubles the rate); duration in seconds as the file states it, None where it does not.
    """

    def __init__(self, decoder: SoundFile | Soundtrack, no_samples: str, begin: float = 0.0) -> None:
        """Decodes the first block. Raises UnreadableFile, with the sentence `no_samples` where there is none."""
        self._rest = _blocks_of(decoder, begin)
        self._first = next(self._rest, np.zeros(0, np.float32) if begin else None)
        if self._first is None:
            raise UnreadableFile(no_samples)
        self.sample_rate, self.channels, self.duration = decoder.sample_rate, decoder.channels, decoder.duration

    def __iter__(self) -> DecodedSound:
        return self

    def __next__(self) -> NDArray[np.float32]:
        """The next (n,) samples. Raises UnreadableFile where the file turns out to be damaged."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._rest)

    def close(self) -> None:
        """Close the file; the iteration is over."""
        self._first = None
        self._rest.close()


def decode_blocks(path: str | Path, channel: int | None = None, begin: float = 0.0) -> DecodedSound:
    """Open a sound file with libsndfile, or with FFmpeg where that cannot, and decode its first block.

    The soundtrack of a video will do. `channel`: the index of the one to use, None for the mean of all.
    `begin`: seconds to leave out; at or behind the end no sample is left, which is no error. Raises
    UnreadableFile.
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
        reason = f"the file cannot be opened ({error.strerror}): check its permissions"
        raise UnreadableFile(reason) from error
    if empty:
        raise UnreadableFile("the file is empty: fetch it again")
    return DecodedSound(_open(path, channel), NO_SAMPLES, begin)


def _open(path: Path, channel: int | None) -> SoundFile | Soundtrack:
    # Both give the same samples of an MP3, but libsndfile prints its thoughts on truncated ones to the terminal.
    if path.suffix.lower() != ".mp3":
        import soundfile

        with suppress(soundfile.LibsndfileError):  # it does not know this kind of file
            return SoundFile(path, channel)
    return Soundtrack(str(path), "file", NOT_SOUND, channel)


def _blocks_of(decoder: SoundFile | Soundtrack, begin: float) -> Blocks:
    with closing(decoder):
        yield from decoder.blocks(begin)


def _damaged(kind: str) -> UnreadableFile:
    return UnreadableFile(f"the {kind} is damaged and cannot be decoded to its end: convert it or fetch it again")
