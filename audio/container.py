"""Containers of sound: which may be read, what their clocks say, and how it is known that one ended early."""

from __future__ import annotations

from typing import Any

from audio.encoded import SoundBytes, mpeg_frame_bytes

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
# Of these the header says how long the sound is; elsewhere FFmpeg guesses from the size, or from the last times.
STATED = "wav,w64,aiff,caf,au,flac,wv,tta,ape,tak,shn,mp3,asf,mov,matroska,avi,flv,mpc,mpc8,dsf"

GAP = 0.1  # s between a time and the samples so far that no rounding explains
JUMP = 10.0  # s, in formats whose clock may start anew, from which on it has
LATEST_START = 600.0  # s: where nothing begins before, the times are those of a clock
MOST_SILENCE = 3600.0  # s that gaps may add to one file; behind these, times are not believed
MISSING = 0.25  # s less than what is stated, from which on a file ends early
MISSING_IF_DAMAGED = 0.01  # s, where what came last could not be decoded
MICROSECONDS = 1_000_000  # FFmpeg's av.time_base: what a container's own times are in
TIMES_RESTART = 0x0200  # AVFMT_TS_DISCONT


class ContainerClock:
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


def clock_of(container: Any, stream: Any) -> ContainerClock:
    """Of a file that nothing has been read from yet."""
    restarts = bool(container.format.flags & TIMES_RESTART)
    own = (stream.start_time or 0) * float(stream.time_base)
    first = (container.start_time or 0) / MICROSECONDS  # of whatever begins first, picture or sound
    start = first if restarts or first > LATEST_START else 0.0
    # So little is the delay of an encoder, and no silence.
    return ContainerClock(own if abs(own - start) < GAP else start, restarts)


def duration_of(container: Any, stream: Any) -> float | None:
    """Seconds of a soundtrack as the container states them or lets FFmpeg guess them."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / MICROSECONDS


def is_complete(container: Any, stream: Any, content: SoundBytes, last: dict[int, Any], damaged: bool) -> bool:
    """Whether all of a soundtrack has come, when no more comes: by what the container states, or by how it ends.

    last: the last packet of each stream that could be used, by its index. damaged: whether what came after could not.
    """
    names = container.format.name.split(",")
    own = last.get(stream.index)
    if "mp3" in names:  # FFmpeg decodes something of a part of a frame, and nothing of a tag behind them
        packet = b"" if own is None else bytes(own)
        damaged = len(packet) < mpeg_frame_bytes(packet[:4])
    elif own is not None and own.is_corrupt and not content.open_ended:
        damaged = True
    if "ogg" in names:
        return not damaged and content.end_of_ogg()
    stated = duration_of(container, stream)
    if stated is None or not set(names) & set(STATED.split(",")) or _is_guessed(container, content, stated):
        return not damaged
    if stream.duration is None:  # stated for the longest of all streams
        missing = stated - max(map(_end, last.values()), default=0.0)
    else:
        missing = stated - (0.0 if own is None else _end(own) - (stream.start_time or 0) * float(stream.time_base))
    if missing < -MISSING:  # joined pieces have more than is stated
        return not damaged
    return missing < (MISSING_IF_DAMAGED if damaged else MISSING)


def _is_guessed(container: Any, content: SoundBytes, duration: float) -> bool:
    """Whether FFmpeg may have taken a duration from the size and the bit rate."""
    if container.format.name == "mp3" and not content.frames_stated:
        return True
    contexts = [stream.codec_context for stream in container.streams.audio]
    bit_rate = sum(context.bit_rate or 0 for context in contexts if context is not None)
    return bit_rate > 0 and abs(8 * content.size / bit_rate - duration) < MISSING


def _end(packet: Any) -> float:
    """Seconds on its container's clock."""
    begin = packet.dts if packet.pts is None else packet.pts
    return float(((begin or 0) + (packet.duration or 0)) * packet.time_base)
