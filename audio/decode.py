"""Sound files of every common kind into mono samples, block by block, in constant memory."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.errors import UnreadableFile
from audio.mono import mix_to_mono

BLOCK_SAMPLES = 16_384

NOT_SOUND = "this is not a sound file that can be decoded: convert it to WAV, FLAC, MP3, Ogg or M4A"
NO_SAMPLES = "not a single sample can be decoded from this file: check how it was made"
DAMAGED = "the file is damaged and cannot be decoded to its end: convert it or fetch it again"

Blocks = Generator[NDArray[np.float32], None, None]


class DecodedFile:
    """Iterates once over mono float32 blocks of any length; made by `decode_blocks`, which decodes the first.

    sample_rate in Hz; channels before mixing; duration in seconds as the file states it, None where it does
    not.
    """

    def __init__(
        self,
        first: NDArray[np.float32],
        rest: Blocks,
        sample_rate: int,
        channels: int,
        duration: float | None,
    ) -> None:
        self._first: NDArray[np.float32] | None = first
        self._rest = rest
        self.sample_rate = sample_rate
        self.channels = channels
        self.duration = duration

    def __iter__(self) -> DecodedFile:
        return self

    def __next__(self) -> NDArray[np.float32]:
        """The next (n,) samples. Raises UnreadableFile where the file turns out to be damaged."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._rest)

    def close(self) -> None:
        """Let go of the file; the iteration is over."""
        self._first = None
        self._rest.close()


def decode_blocks(path: str | Path, channel: int | None = None, begin: float = 0.0) -> DecodedFile:
    """Open a sound file with libsndfile, or with FFmpeg where that cannot, and decode its first block.

    The soundtrack of a video will do. `channel`: the index of the one to hear, None for the mean of all.
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
    if path.suffix.lower() == ".mp3":
        # Both give the same samples, but libsndfile prints its thoughts on truncated MP3s to the terminal.
        return _decode_with_av(str(path), channel, begin)
    return _decode_with_soundfile(path, channel, begin) or _decode_with_av(str(path), channel, begin)


def _decode_with_soundfile(path: Path, channel: int | None, begin: float) -> DecodedFile | None:
    """None when libsndfile does not know this kind of file."""
    import soundfile

    try:
        sound = soundfile.SoundFile(path)
    except soundfile.LibsndfileError:
        return None

    def blocks() -> Blocks:
        with sound:
            try:
                sound.seek(min(round(begin * sound.samplerate), sound.frames))
                while len(block := sound.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)):
                    yield mix_to_mono(block, channel)
            except soundfile.LibsndfileError as error:
                raise UnreadableFile(DAMAGED) from error

    _check_channel(channel, sound.channels)
    rest = blocks()
    duration = sound.frames / sound.samplerate
    return DecodedFile(_first_of(rest, begin), rest, sound.samplerate, sound.channels, duration)


def _decode_with_av(file: str, channel: int | None, begin: float) -> DecodedFile:
    import av

    try:
        container: Any = av.open(file, metadata_errors="ignore")
    except av.FFmpegError as error:
        raise UnreadableFile(NOT_SOUND) from error
    if not container.streams.audio:
        container.close()
        raise UnreadableFile("there is no sound in this file: choose one that has a soundtrack")
    stream = container.streams.audio[0]
    if stream.codec_context is None:  # a damaged header names an encoding that nobody decodes
        container.close()
        raise UnreadableFile(NOT_SOUND)
    _check_channel(channel, stream.codec_context.channels)
    if begin:
        container.seek(round(begin * av.time_base))  # to a packet before it: the samples up to there go below

    def blocks() -> Blocks:
        with container:
            # The samples' type only: rate and channels stay. Not planar: PyAV reads beyond its memory from 9 planes on.
            to_float: Any = av.AudioResampler(format="flt")
            try:
                for packet in container.demux(stream):
                    for frame in _frames_of(packet):
                        early = round((begin - (frame.time or 0.0)) * frame.sample_rate) if begin else 0
                        if early >= frame.samples:
                            continue
                        for converted in to_float.resample(frame):
                            samples = converted.to_ndarray().reshape(-1, converted.layout.nb_channels)
                            yield mix_to_mono(samples, channel)[max(0, early) :]
            except av.FFmpegError as error:
                raise UnreadableFile(DAMAGED) from error

    rest = blocks()
    first = _first_of(rest, begin)
    # Asked only now: decoding the first frame can correct what the container says (AAC with SBR doubles the
    # rate).
    sample_rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    duration = None if container.duration is None else container.duration / av.time_base
    return DecodedFile(first, rest, sample_rate, channels, duration)


def _frames_of(packet: Any) -> list[Any]:
    """A damaged packet gives no frames: players leave it out and go on."""
    import av

    try:
        frames: list[Any] = packet.decode()
    except av.error.InvalidDataError:
        return []
    return frames


def _first_of(blocks: Blocks, begin: float) -> NDArray[np.float32]:
    try:
        return next(blocks)
    except StopIteration:
        if begin:
            return np.zeros(0, np.float32)
        raise UnreadableFile(NO_SAMPLES) from None


def _check_channel(channel: int | None, channels: int) -> None:
    if channel is not None and not 0 <= channel < channels:
        raise UnreadableFile(f"there is no channel {channel + 1} in this file: choose one from 1 to {channels}")
