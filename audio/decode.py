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

from audio.encoded import READ_BYTES, SoundBytes, mpeg_frame_bytes
from audio.front_end import Samples
from audio.source import Mixer, SampleSource, UnreadableFile, check_channel

# By FFmpeg's names. Left out are playlists and whatever else opens files whose names it reads, pictures, the formats of
# single games, and raw sound, which nothing tells from noise.
DEMUXERS = (
    "wav,w64,aiff,caf,au,flac,wv,tta,ape,tak,shn,mp3,ogg,aac,asf,mov,matroska,avi,flv,mpegts,mpeg,ac3,eac3,dts,dtshd,mlp,"
    "truehd,loas,amr,mpc,mpc8,rm,mxf,nut,dsf,oma,vqf,voc,wtv,dv,qcp,xwma,iff,ircam,sox,nistsphere,qoa,osq,dss"
)
_SUFFIXES = """
    wav wave bwf rf64 w64 aif aiff aifc afc caf au snd flac wv tta ape apl mac tak shn mp3 mp2 mpa mpga m2a ogg oga opus
    spx ogv ogx aac adts wma asf wmv m4a m4b m4r mp4 m4v mov qt 3gp 3g2 f4v ism isma ismv psp mka mkv mk3d webm weba avi
    flv ts mts m2ts m2t mpg mpeg vob ac3 eac3 ec3 dts dtshd mlp thd loas latm amr awb mpc ra rm rmvb mxf nut dsf oma aa3
    omg vqf vqe vql voc wtv dv dif qcp xwma iff 8svx ircam sf sox sph nist qoa osq dss
"""
# Of files that these read: what is looked for in folders and offered in dialogs. What is named is always tried.
SUFFIXES = tuple(f".{suffix}" for suffix in _SUFFIXES.split())
# Of these the header says how long the sound is; elsewhere FFmpeg guesses from the size.
STATED = {
    *(
        "wav",
        "w64",
        "aiff",
        "caf",
        "au",
        "flac",
        "wv",
        "tta",
        "ape",
        "tak",
        "shn",
        "mp3",
        "asf",
        "mov",
        "matroska",
        "avi",
    ),
    *("flv", "mpc", "mpc8", "dsf"),
}

BLOCK_SAMPLES = 1 << 15  # of every channel, decoded before anything else touches them
GAP = 0.1  # s between a time and the samples so far that no rounding explains
JUMP = 10.0  # s, in formats whose clock may start anew, from which on it has
LATEST_START = 600.0  # s: where nothing begins before, the times are those of a clock
MOST_SILENCE = 6 * 3600.0  # s that gaps may add to one file; behind these, times are not believed
PRE_ROLL = 0.5  # s that are decoded before a place to seek to: what it sounds like depends on what was before
MISSING, HARDLY = (
    0.25,
    0.01,
)  # s less than what is stated from which on a file ends early; so does one damaged at its end

MICROSECONDS = 1_000_000  # FFmpeg's av.time_base: what a container's own times are in
TIMES_RESTART = 0x0200  # AVFMT_TS_DISCONT

# By FFmpeg's names for sample types, which end in p where every channel lies by itself: numpy's, and full scale.
SAMPLE_TYPES = {"u8": ("u1", 2**7), "s16": ("i2", 2**15), "s32": ("i4", 2**31), "flt": ("f4", 1), "dbl": ("f8", 1)}
MOST_PLANES = 7  # PyAV reads beyond its memory from 8 planes on

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
        blocks = self._wound(begin)
        first = next(blocks, nothing if begin else None)
        if first is None:
            kind = self._origin.kind
            raise _NothingDecoded(f"not a single sample can be decoded from this {kind}: check how it was made")

        def begun() -> Blocks:
            with closing(self), self._in_words():
                yield nothing  # to be in here: what has not begun is not closed
                yield first
                yield from blocks

        self.blocks = begun()

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
        context = self._stream.codec_context
        if context is None:  # an encoding that nothing decodes, or a damaged header names one
            raise UnreadableFile(self._origin.not_sound)
        context.thread_count = 1
        self.sample_rate, self.channels = int(context.sample_rate), int(context.channels)
        self.duration = self._seconds(self._stream.duration)
        if self.duration is None and self._container.duration is not None:
            self.duration = self._container.duration / MICROSECONDS

    def _seconds(self, ticks: int | None) -> float | None:
        """A time of the soundtrack's."""
        return None if ticks is None else float(ticks * self._stream.time_base)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What is said of a disk or a pipe that fails."""
        try:
            yield
        except OSError as error:
            raise UnreadableFile(
                f"the {self._origin.kind} cannot be read to its end ({error.strerror}): try it again"
            ) from error

    def _wound(self, begin: float) -> Blocks:
        """What lies behind so many seconds."""
        import av

        start = self._start()
        if begin:
            with suppress(av.FFmpegError):  # what cannot be wound is decoded from its first sample on
                self._container.seek(round((max(0.0, begin - PRE_ROLL) + start) * MICROSECONDS))
        self._unwanted = 0
        for block in self._timed(Clock(start, self._restarts), begin):
            unwanted = min(self._unwanted, len(block))
            self._unwanted -= unwanted
            if unwanted < len(block):
                yield block[unwanted:]

    @property
    def _restarts(self) -> bool:
        """Whether the times of this format may begin anywhere, and anew."""
        return bool(self._container.format.flags & TIMES_RESTART)

    def _start(self) -> float:
        """What the container's clock shows at the beginning of the file, in seconds."""
        own = self._seconds(self._stream.start_time) or 0.0
        first = (self._container.start_time or 0) / MICROSECONDS  # of whatever begins first, picture or sound
        start = first if self._restarts or first > LATEST_START else 0.0
        return own if abs(own - start) < GAP else start  # so little is the delay of an encoder, and no silence

    def _timed(self, clock: Clock, begin: float) -> Blocks:
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
                        frames = packet.decode()
                    except (av.FFmpegError, ValueError):
                        damaged = True
                        continue
                    yield from frames
                if packet.size:  # the very last ones only empty the decoders
                    last[packet.stream.index] = packet
                    damaged = False
        except (av.FFmpegError, ValueError):
            damaged = True
        self.complete = self._is_complete(damaged, last)

    def _is_complete(self, damaged: bool, last: dict[int, Any]) -> bool:
        """Whether all has come, when no more comes: by what the container states, or by how it ends.

        damaged: whether what came last could not be used; last: packets, by stream.
        """
        names = self._container.format.name.split(",")
        final = last.get(self._stream.index)
        if "mp3" in names:  # a part of a frame decodes to something, and a tag behind them to nothing
            content = b"" if final is None else bytes(final)
            damaged = len(content) < mpeg_frame_bytes(content[:4])
        elif final is not None and final.is_corrupt and not self._bytes.open_ended:
            damaged = True
        if "ogg" in names:
            return not damaged and self._bytes.end_of_ogg()
        stated = self.duration
        if stated is None or STATED.isdisjoint(names) or self._is_guessed(stated):
            return not damaged
        if self._stream.duration is not None:
            last, begin = {self._stream.index: final}, self._seconds(self._stream.start_time) or 0.0
        else:
            begin = 0.0
        ends = [_end(packet) for packet in last.values() if packet is not None]
        missing = stated - (max(ends, default=0.0) - begin)
        # More than is stated: joined pieces.
        return not damaged if missing < -MISSING else missing < (HARDLY if damaged else MISSING)

    def _is_guessed(self, duration: float) -> bool:
        """Whether FFmpeg may have taken a duration from the size and the bit rate."""
        if self._container.format.name == "mp3" and not self._bytes.frames_stated:
            return True
        contexts = [stream.codec_context for stream in self._container.streams]
        bit_rate = sum(context.bit_rate or 0 for context in contexts if context is not None and context.type == "audio")
        return bit_rate > 0 and abs(8 * self._bytes.size / bit_rate - duration) < MISSING


def _end(packet: Any) -> float:
    """Seconds on its container's clock."""
    begin = packet.dts if packet.pts is None else packet.pts
    return float(((begin or 0) + (packet.duration or 0)) * packet.time_base)


class DecodedSource(SampleSource):
    """What a decoder gives."""

    def __init__(self, name: str, decoder: Decoder) -> None:
        super().__init__(name, decoder.sample_rate, decoder.blocks)
        self._decoder = decoder
        self.track, self.tracks = decoder.track, decoder.tracks

    @property
    def complete(self) -> bool:
        return self._decoder.complete

    @property
    def cancels(self) -> bool:
        return self._decoder.mixer.cancels


class Clock:
    """A container's times, and how far they are believed.

    A gap becomes silence, until those of a file add up to MOST_SILENCE; a jump beyond is none, and neither is one back:
    time goes on where it was.
    """

    def __init__(self, start: float, restarts: bool) -> None:
        """start: what it shows at the beginning of the file, in seconds. restarts: whether it may be set anew."""
        self.start, self._restarts = start, restarts
        self._left = MOST_SILENCE

    def into_file(self, time: float) -> float:
        """Seconds from the beginning of the file to what the container says is at `time`."""
        return time - self.start

    def silence_before(self, time: float, position: float) -> float:
        """How many seconds of it lie between the sound up to `position` in the file, and what is at `time`."""
        late = self.into_file(time) - position
        if late > min(self._left, JUMP if self._restarts else self._left) or late < -JUMP:
            self.start += late
            return 0.0
        if late < GAP:
            return 0.0
        self._left -= late
        return late


class Run:
    """Decoded frames of one form, gathered: joined, converted and mixed many at once.

    waiting: how many samples can be taken. stretch: samples that are taken out, for each that comes in.
    """

    def __init__(self, frame: Any, rate: int, mixer: Mixer) -> None:
        """For frames like this one; `rate` in Hz is that of what is taken out."""
        import av

        kind, self._channels = frame.format.name, frame.layout.nb_channels
        self.waiting, self.stretch = 0, rate / frame.sample_rate
        self._mixer = mixer
        self._frames = av.AudioFifo()
        self._resampler: Any = None
        many_planes = kind.endswith("p") and self._channels > MOST_PLANES
        if frame.sample_rate != rate or many_planes or kind.removesuffix("p") not in SAMPLE_TYPES:
            self._resampler = av.AudioResampler(format="flt", rate=rate)

    def add(self, frame: Any) -> bool:
        """Whether it has the same form; only then it is in."""
        if frame.layout.nb_channels != self._channels:
            return False
        frame.pts = None  # the queue would look for gaps in it too
        try:
            self._frames.write(frame)
        except ValueError:  # another sample type or rate
            return False
        self.waiting += frame.samples
        return True

    def take(self, last: bool = False) -> Samples:
        """(n,) mono of what has been added since; all of it, where no more is added."""
        self.waiting = 0
        frame = self._frames.read()
        if self._resampler is None:
            return np.zeros(0, np.float32) if frame is None else self._mono(frame)
        frames = [] if frame is None else self._resampler.resample(frame)
        frames += self._resampler.resample(None) if last else []
        return np.concatenate([np.zeros(0, np.float32), *map(self._mono, frames)])

    def _mono(self, frame: Any) -> Samples:
        kind, channels, count = frame.format.name, frame.layout.nb_channels, frame.samples
        dtype, full_scale = SAMPLE_TYPES[kind.removesuffix("p")]
        if kind.endswith("p"):
            samples = np.array([np.frombuffer(plane, dtype, count) for plane in frame.planes]).T
        else:
            samples = np.frombuffer(frame.planes[0], dtype, count * channels).reshape(count, channels)
        mono = self._mixer.mix(samples)
        if dtype == "u1":
            mono -= full_scale
        if full_scale != 1:
            mono *= np.float32(1 / full_scale)
        return mono


def decode_file(path: str | Path, channel: int | None = None, track: int | None = None, begin: float = 0.0) -> Decoder:
    """Open a sound file, or a video, and decode the first block of its sound; see Decoder. Raises UnreadableFile."""
    if Path(path).is_dir():
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
