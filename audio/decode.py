"""Sound files of every common kind into mono samples, block by block, in constant memory."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.av_decode import Soundtrack
from audio.errors import UnreadableFile
from audio.mono import check_channel, mix_to_mono

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

    check_channel(channel, sound.channels, "file")
    rest = blocks()
    duration = sound.frames / sound.samplerate
    return DecodedFile(_first_of(rest, begin), rest, sound.samplerate, sound.channels, duration)


def _decode_with_av(file: str, channel: int | None, begin: float) -> DecodedFile:
    soundtrack = Soundtrack(file, "file", NOT_SOUND, channel)

    def blocks() -> Blocks:
        with closing(soundtrack):
            yield from soundtrack.blocks(begin)

    rest = blocks()
    first = _first_of(rest, begin)
    # Asked only now: decoding the first block can correct what the container says.
    return DecodedFile(first, rest, soundtrack.sample_rate, soundtrack.channels, soundtrack.duration)


def _first_of(blocks: Blocks, begin: float) -> NDArray[np.float32]:
    try:
        return next(blocks)
    except StopIteration:
        if begin:
            return np.zeros(0, np.float32)
        raise UnreadableFile(NO_SAMPLES) from None
