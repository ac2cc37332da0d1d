"""Sound files and streams of every common kind into mono samples, block by block, in constant memory.

FFmpeg decodes them, through PyAV, and what comes out depends on the bytes alone. FFmpeg gets these from a file object
and never learns a name: no name is a URL or a pattern, no suffix chooses a format, and a pipe is read as a file is. It
may use the demuxers listed here, none of which opens another file, and no protocol.

Times are the container's: a late start and gaps become silence. Sound that overlaps is kept, as players keep it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

import numpy as np

from audio.container import DEMUXERS, GAP, MICROSECONDS, ContainerClock, clock_of, duration_of, is_complete
from audio.encoded import READ_BYTES, SoundBytes
from audio.front_end import Samples
from audio.gather import Run
from audio.source import Mixer, SampleSource, UnreadableFile, check_channel

BLOCK_SAMPLES = 1 << 15  # of every channel, decoded before anything else touches them
PRE_ROLL = 0.5  # s that are decoded before a place to seek to: what it sounds like depends on what was before
Blocks = Generator[Samples, None, None]


class Origin(NamedTuple):
    """What the user calls it that sound is read from, and the sentences where there is none."""

    kind: str
    nothing: str
    not_sound: str


FILE = Origin(
    "file",
    "the file is empty: fetch it again",
    "this is not a sound file that can be decoded: convert it to WAV, FLAC, MP3, Ogg or M4A",
)


class _NothingDecoded(UnreadableFile):
    """As far as can be told while it arrives."""


class Decoder:
    """One soundtrack of a file or stream, of which the first block is decoded.

    blocks: mono float32 of any length, each once; their end, or closing them, closes the decoder and its file. Raise
    UnreadableFile where what it is read from fails.
    sample_rate in Hz and channels before mixing, both of the first block, which may correct what the file states (AAC
    with SBR doubles the rate). Pieces that were joined, as in a recorded broadcast, may change the rate, the channels
    or the sample type: time goes on at the first rate.
    duration: seconds as the file states them or lets them be guessed, None where it does not.
    track: the number of the soundtrack, from 1 on; tracks: how many there are.
    complete: False where the file turned out to end before it should; known when the blocks have ended.
    artist: as its tags say, "" where they do not.
    """

    def __init__(
        self,
        file: IO[bytes],
        origin: Origin,
        channel: int | None = None,
        track: int | None = None,
        begin: float = 0.0,
    ) -> None:
        """channel: the index of the one to use, None for the mean of all. track: None for the one that the file flags
        as its default, else the first. begin: seconds to leave out; at or behind the end no sample is left, which is no
        error. Closes the file, also where it raises UnreadableFile.
        """
        self._file, self._origin, self._channel, self.mixer = file, origin, channel, Mixer(channel)
        self._container: Any = None
        self.complete = True
        try:
            with self._in_words():
                self._bytes = SoundBytes(file)
                try:
                    self._decode_first(track, begin)
                except _NothingDecoded:
                    if (whole := self._bytes.whole()) is None:
                        raise
                    self.close()
                    self._file, self._bytes = whole, SoundBytes(whole)
                    self._decode_first(track, begin)
                self._bytes.forget()
            next(self.blocks)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._file.close()

    def _decode_first(self, track: int | None, begin: float) -> None:
        """Set everything that is known when the first block is. Raises UnreadableFile."""
        self._open()
        self._choose(track)
        check_channel(self._channel, self.channels, self._origin.kind)
        nothing = np.zeros(0, np.float32)
        blocks = self._from(begin)
        first = next(blocks, nothing if begin else None)
        if first is None:
            kind = self._origin.kind
            raise _NothingDecoded(f"not a single sample can be decoded from this {kind}: check how it was made")

        def begun() -> Blocks:
            with closing(self), self._in_words():
                yield nothing  # to be in here: what has not begun is not closed
                yield first
                yield from blocks

        self.blocks: Blocks = begun()

    def _open(self) -> None:
        import av

        if self._bytes.empty:
            raise UnreadableFile(self._origin.nothing)
        try:
            self._container = av.open(
                self._bytes,
                container_options={"format_whitelist": DEMUXERS, "protocol_whitelist": "", **self._bytes.options},
                io_open=_open_nothing,
                metadata_errors="ignore",
                buffer_size=READ_BYTES,
            )
        except (av.FFmpegError, ValueError) as error:
            raise _NothingDecoded(self._origin.not_sound) from error

    def _choose(self, track: int | None) -> None:
        from av.stream import Disposition

        tracks, kind = self._container.streams.audio, self._origin.kind
        if not tracks:
            raise UnreadableFile(f"there is no sound in this {kind}: choose one that has a soundtrack")
        if track is None:
            flagged = (number for number, one in enumerate(tracks, 1) if one.disposition & Disposition.default)
            track = next(flagged, 1)
        if not 1 <= track <= len(tracks):
            only = f"choose one from 1 to {len(tracks)}" if len(tracks) > 1 else "it has only one"
            raise UnreadableFile(f"there is no track {track} in this {kind}: {only}")
        self.track, self.tracks, self._stream = track, len(tracks), tracks[track - 1]
        tags = {**self._container.metadata, **self._stream.metadata}.items()
        self.artist = next((str(value).strip() for name, value in tags if name.casefold() == "artist"), "")
        context = self._stream.codec_context
        if context is None:  # an encoding that nothing decodes, or a damaged header names one
            raise UnreadableFile(self._origin.not_sound)
        if self._bytes.is_rifx and context.name.startswith("pcm_") and context.name.endswith("le"):
            context = self._big_endian(context)
        context.thread_count = 1
        self._decode = context.decode
        self.sample_rate, self.channels = int(context.sample_rate), int(context.channels)
        self.duration = duration_of(self._container, self._stream)
        if self.duration is not None and 0 < 17 / 16 * self._bytes.mp3_bytes < self._bytes.size:
            self.duration *= self._bytes.size / self._bytes.mp3_bytes  # joined pieces: the first states only its own

    @staticmethod
    def _big_endian(context: Any) -> Any:
        """What decodes a big-endian WAV, whose samples FFmpeg takes for little-endian ones."""
        import av

        other = av.CodecContext.create(context.name.removesuffix("le") + "be", "r")
        other.sample_rate, other.layout = context.sample_rate, context.layout
        return other

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What is said of a disk or a pipe that fails."""
        try:
            yield
        except OSError as error:
            raise UnreadableFile(
                f"the {self._origin.kind} cannot be read to its end ({error.strerror}): try it again"
            ) from error

    def _from(self, begin: float) -> Blocks:
        """What lies behind so many seconds."""
        import av

        clock = clock_of(self._container, self._stream)
        # In Ogg FLAC, a seek of FFmpeg's ends elsewhere than its times say.
        is_ogg_flac = self._bytes.is_ogg and self._stream.codec_context.name == "flac"
        if begin and not is_ogg_flac and not self._bytes.is_chained_ogg():
            with suppress(av.FFmpegError):  # where that fails, all is decoded
                self._container.seek(round((max(0.0, begin - PRE_ROLL) + clock.start) * MICROSECONDS))
        self._unwanted = 0
        for block in self._timed(clock, begin):
            unwanted = min(self._unwanted, len(block))
            self._unwanted -= unwanted
            if unwanted < len(block):
                yield block[unwanted:]

    def _timed(self, clock: ContainerClock, begin: float) -> Blocks:
        """What comes after a seek, with silence where the times say so; `_unwanted` of its samples lie before."""
        tick = float(self._stream.time_base)
        run: Run | None = None
        position = ticks_a_sample = 0.0  # position: in the file, of the sample that comes next
        for frame in self._frames():
            pts = frame.pts
            if run is None:
                self.sample_rate, self.channels = frame.sample_rate, frame.layout.nb_channels
                ticks_a_sample = 1 / (self.sample_rate * tick)
                run = Run(frame, self.sample_rate, self.mixer)
                if begin:
                    wanted = round(begin * self.sample_rate)
                    begun = 0 if pts is None else round(clock.into_file(pts * tick) * self.sample_rate)
                    position = min(wanted, begun)
                    self._unwanted = wanted - min(wanted, begun)
            # Sooner known for most frames than by asking the clock.
            if pts is not None and abs(pts - clock.start / tick - position * ticks_a_sample) * tick > 0.9 * GAP:
                silence = round(clock.silence_before(pts * tick, position / self.sample_rate) * self.sample_rate)
                if silence:
                    yield run.take()
                    position += silence
                    for at in range(0, silence, BLOCK_SAMPLES):
                        yield np.zeros(min(silence - at, BLOCK_SAMPLES), np.float32)
            if not run.add(frame):
                yield run.take(last=True)
                run = Run(frame, self.sample_rate, self.mixer)
                run.add(frame)
            position += frame.samples * run.stretch
            if run.waiting >= BLOCK_SAMPLES:
                yield run.take()
        if run is not None:
            yield run.take(last=True)

    def _frames(self) -> Iterator[Any]:
        """Decoded ones of the soundtrack; a damaged packet is left out, as players do."""
        import av

        chosen, damaged = self._stream, False
        last: dict[int, Any] = {}  # the last packet of each stream that could be used
        try:
            for packet in self._container.demux():
                if packet.stream is chosen:
                    try:
                        frames = self._decode(packet)
                    except (av.FFmpegError, ValueError):
                        damaged = True
                        continue
                    yield from frames
                if packet.size:  # the very last ones only empty the decoders
                    last[packet.stream.index] = packet
                    damaged = False
        except IndexError:  # behind the last packet PyAV fails where a stream has appeared on the way
            pass
        except (av.FFmpegError, ValueError):
            damaged = True
        self.complete = is_complete(self._container, chosen, self._bytes, last, damaged)


class DecodedSource(SampleSource):
    """What a decoder gives."""

    def __init__(self, name: str, decoder: Decoder) -> None:
        super().__init__(name, decoder.sample_rate, decoder.blocks)
        self._decoder = decoder
        self.track, self.tracks, self.artist = decoder.track, decoder.tracks, decoder.artist

    @property
    def complete(self) -> bool:
        return self._decoder.complete

    @property
    def cancels(self) -> bool:
        return self._decoder.mixer.cancels


def decode_file(path: str | Path, channel: int | None = None, track: int | None = None, begin: float = 0.0) -> Decoder:
    """Open a sound file, or a video, and decode the first block of its sound; see Decoder. Raises UnreadableFile."""
    if os.path.isdir(path):
        raise UnreadableFile("this is a folder: name the sound files in it")
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115 (the decoder closes it)
    except FileNotFoundError as error:
        raise UnreadableFile("there is no such file: check its name") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name has a zero byte"
        raise UnreadableFile(f"the file cannot be opened ({reason}): check its permissions") from error
    return Decoder(file, FILE, channel, track, begin)


def _open_nothing(name: str, flags: int, options: dict[str, str]) -> NoReturn:
    """For FFmpeg, should a file name another one."""
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
