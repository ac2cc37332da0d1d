"""Same bytes, same samples: whatever a file is called, wherever it lies, and through a pipe; times are the file's."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
import soundfile
from av.stream import Disposition

from audio import FileSource, StreamSource, UnreadableFile
from audio.container import DEMUXERS, GAP, JUMP, LATEST_START, MOST_SILENCE, SUFFIXES, ContainerClock
from audio.decode import FILE, Decoder, decode_file
from audio.encoded import READ_BYTES, SoundBytes
from audio.pipe import STREAM
from scripts.encode import encode
from tests.app.made_music import made_music
from tests.audio.signals import Samples
from tests.audio.test_pipe import pipe_of

RATE = 44_100
RECORDING = (30_000 * np.stack([made_music(1.5, RATE), -0.5 * made_music(1.5, RATE)[::-1]], axis=1)).astype(np.int16)
MEAN = (RECORDING[:, 0].astype(np.float32) + RECORDING[:, 1]) / 2 / 2**15  # exact: 17 bits
PICTURE = np.random.default_rng(0).bytes(3_000_000)
UNUSUAL = [
    *("plain", "wrong.mp3", "100%d.wav"),
    *(() if sys.platform == "win32" else ("12:30.mp3", "http:song", "two\nlines.ogg")),
    *((os.fsdecode(b"\xff\xfe.flac"),) if sys.platform == "linux" else ()),  # macOS has only UTF-8
]


def by_soundfile(kind: str, subtype: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    content = RECORDING if subtype.startswith(("PCM", "ALAC")) else RECORDING / 2**15
    soundfile.write(buffer, content, RATE, format=kind, subtype=subtype, **how)
    return buffer.getvalue()


def by_ffmpeg(folder: Path, suffix: str, codec: str, rate: int = RATE, **options: str) -> bytes:
    path = encode(folder / f"made.{suffix}", codec, (RECORDING / 2**15).astype(np.float32), rate, options)
    return path.read_bytes()


def with_picture(flac: bytes) -> bytes:
    """A block of three million bytes behind the first."""
    block = bytes([6]) + (len(PICTURE)).to_bytes(3, "big") + PICTURE
    return flac[:42] + block + flac[42:]


def of_unknown_length(flac: bytes) -> bytes:
    """As a program leaves it that writes into a pipe: how many samples there are is in 36 bits of the first block."""
    return flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]


def with_sizes(wav: bytes, size: bytes) -> bytes:
    """As a program leaves it that writes into a pipe."""
    data = wav.index(b"data") + 4
    return wav[:4] + size + wav[8:data] + size + wav[data + 4 :]


def with_tag(mp3: bytes) -> bytes:
    """With a picture before the sound, as large as they come."""
    size = bytes((len(PICTURE) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + bytes(len(PICTURE)) + mp3


def without_first_frame(mp3: bytes) -> bytes:
    """What is left has no number of frames."""
    return mp3[mp3.index(b"\xff\xfb", 4) :]


LOSSLESS: dict[str, Callable[[Path], bytes]] = {
    "16.wav": lambda _: by_soundfile("WAV", "PCM_16"),
    "24.wav": lambda _: by_soundfile("WAV", "PCM_24"),
    "32.wav": lambda _: by_soundfile("WAV", "PCM_32"),
    "float.wav": lambda _: by_soundfile("WAV", "FLOAT"),
    "double.wav": lambda _: by_soundfile("WAV", "DOUBLE"),
    "big endian.wav": lambda _: by_soundfile("WAV", "PCM_16", endian="BIG"),
    "sizes 0.wav": lambda _: with_sizes(by_soundfile("WAV", "PCM_16"), bytes(4)),
    "sizes -1.wav": lambda _: with_sizes(by_soundfile("WAV", "PCM_16"), b"\xff\xff\xff\xff"),
    "sizes of sox.wav": lambda _: with_sizes(by_soundfile("WAV", "PCM_16"), b"\0\xf0\xff\x7f"),
    "16.flac": lambda _: by_soundfile("FLAC", "PCM_16"),
    "24.flac": lambda _: by_soundfile("FLAC", "PCM_24"),
    "unknown length.flac": lambda _: of_unknown_length(by_soundfile("FLAC", "PCM_16")),
    "picture.flac": lambda _: with_picture(by_soundfile("FLAC", "PCM_16")),
    "alac.m4a": lambda folder: by_ffmpeg(folder, "m4a", "alac"),
    "alac, index first.m4a": lambda folder: by_ffmpeg(folder, "m4a", "alac", movflags="faststart"),
    "pcm.mov": lambda folder: by_ffmpeg(folder, "mov", "pcm_s16le"),
    "old.mov": lambda folder: by_ffmpeg(folder, "mov", "pcm_s16le").replace(b"ftyp", b"wide", 1),
    "sowt.aifc": lambda _: by_soundfile("AIFF", "PCM_16", endian="LITTLE"),
    "float.aifc": lambda _: by_soundfile("AIFF", "FLOAT"),
    "16.caf": lambda _: by_soundfile("CAF", "PCM_16"),
    "16.w64": lambda _: by_soundfile("W64", "PCM_16"),
    "16.rf64": lambda _: by_soundfile("RF64", "PCM_16"),
    "16.au": lambda _: by_soundfile("AU", "PCM_16"),
    "pcm.mkv": lambda folder: by_ffmpeg(folder, "mkv", "pcm_s16le"),
    "flac.mka": lambda folder: by_ffmpeg(folder, "mka", "flac"),
    "16.wv": lambda folder: by_ffmpeg(folder, "wv", "wavpack"),
    "16.tta": lambda folder: by_ffmpeg(folder, "tta", "tta"),
    "flac.oga": lambda folder: by_ffmpeg(folder, "oga", "flac"),
    "pcm.avi": lambda folder: by_ffmpeg(folder, "avi", "pcm_s16le"),
}
LOSSY: dict[str, Callable[[Path], bytes]] = {
    "gsm.wav": lambda _: by_soundfile_at(8_000, "WAV", "GSM610"),
    "mp3": lambda _: by_soundfile("MP3", "MPEG_LAYER_III"),
    "tagged.mp3": lambda _: with_tag(by_soundfile("MP3", "MPEG_LAYER_III")),
    "tagged twice.mp3": lambda _: with_tag(with_tag(by_soundfile("MP3", "MPEG_LAYER_III"))),
    "mono.mp3": lambda _: by_soundfile_at(22_050, "MP3", "MPEG_LAYER_III"),
    "joined.mp3": lambda _: 2 * by_soundfile("MP3", "MPEG_LAYER_III"),
    "no frame count.mp3": lambda _: without_first_frame(by_soundfile("MP3", "MPEG_LAYER_III")),
    "vorbis.ogg": lambda _: by_soundfile("OGG", "VORBIS"),
    "chained.ogg": lambda _: 3 * by_soundfile("OGG", "VORBIS"),
    "opus.opus": lambda _: by_soundfile_at(48_000, "OGG", "OPUS"),
    "chained.opus": lambda _: 3 * by_soundfile_at(48_000, "OGG", "OPUS"),
    "aac.m4a": lambda folder: by_ffmpeg(folder, "m4a", "aac"),
    "aac, index first.m4a": lambda folder: by_ffmpeg(folder, "m4a", "aac", movflags="faststart"),
    "aac.aac": lambda folder: by_ffmpeg(folder, "aac", "aac"),
    "aac.ts": lambda folder: by_ffmpeg(folder, "ts", "aac"),
    "ac3.ac3": lambda folder: by_ffmpeg(folder, "ac3", "ac3"),
    "mp2.mp2": lambda folder: by_ffmpeg(folder, "mp2", "mp2"),
    "aac.flv": lambda folder: by_ffmpeg(folder, "flv", "aac"),
    "opus.webm": lambda folder: by_ffmpeg(folder, "webm", "libopus", 48_000),
}
INDEX_LAST = {"alac.m4a", "pcm.mov", "old.mov", "aac.m4a"}
OPEN_ENDED = {
    "sizes 0.wav",
    "sizes -1.wav",
    "sizes of sox.wav",
    "aac.ts",
    "ac3.ac3",
}  # nothing says where they should end
SECONDS = {"joined.mp3": 3.0, "chained.ogg": 4.5, "chained.opus": 3 * len(RECORDING) / 48_000}


def by_soundfile_at(rate: int, kind: str, subtype: str) -> bytes:
    buffer = io.BytesIO()
    content = RECORDING[:, 0] if rate < RATE else RECORDING
    soundfile.write(buffer, content, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


def samples_of(decoder: Decoder) -> Samples:
    return np.concatenate(list(decoder.blocks))


def decoded(path: Path) -> tuple[Samples, Decoder]:
    decoder = decode_file(path)
    return samples_of(decoder), decoder


def piped(content: bytes, piece: int = 1 << 16) -> tuple[Samples, Decoder]:
    with pipe_of(content, piece) as descriptor:
        pipe = open(descriptor, "rb", buffering=0, closefd=False)  # noqa: SIM115 (the decoder closes it)
        decoder = Decoder(pipe, STREAM)
        return samples_of(decoder), decoder


def by_all_ways(folder: Path, own_name: str, content: bytes) -> Samples:
    """The samples, which must be the same under every name, relative and absolute, and through a pipe."""
    ways: dict[str, Samples] = {}
    complete = set()
    for name in [own_name, *UNUSUAL]:
        (folder / name).write_bytes(content)
        for path in (Path(name), folder / name):  # relative, and so not to be taken for a URL either
            ways[repr(path)], decoder = decoded(path)
            complete.add(decoder.complete)
    for piece in (1 << 16, 1001):
        ways[f"pipe by {piece}"], decoder = piped(content, piece)
        complete.add(decoder.complete)
    first = ways.pop(repr(Path(own_name)))
    for way, other in ways.items():
        np.testing.assert_array_equal(other, first, err_msg=way)
    assert complete == {True}
    return first


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", LOSSLESS)
def test_one_recording_gives_the_same_bits_in_every_lossless_file(folder: Path, name: str) -> None:
    np.testing.assert_array_equal(by_all_ways(folder, name, LOSSLESS[name](folder)), MEAN)


@pytest.mark.parametrize("name", LOSSY)
def test_a_lossy_file_gives_the_same_bits_by_any_name_and_through_a_pipe(folder: Path, name: str) -> None:
    samples = by_all_ways(folder, name, LOSSY[name](folder))
    with FileSource(name) as source:
        rate = source.sample_rate
    assert len(samples) / rate == pytest.approx(SECONDS.get(name, len(RECORDING) / rate), abs=0.1)


@pytest.mark.parametrize("name", [*LOSSLESS, *LOSSY])
def test_a_file_that_ends_early_says_so_by_name_and_through_a_pipe(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where something says where it should end: a header, a mark at the end, or a frame that is cut."""
    monkeypatch.setattr("tests.audio.test_decode.RECORDING", np.tile(RECORDING, (4, 1)))
    content = (LOSSLESS | LOSSY)[name](folder)
    begin = len(PICTURE) * {"picture.flac": 1, "tagged.mp3": 1, "tagged twice.mp3": 2}.get(name, 0)
    cut = content[: begin + (len(content) - begin) * 6 // 10]
    Path("cut").write_bytes(cut)
    if name in INDEX_LAST:
        with pytest.raises(UnreadableFile, match="not a sound file"):
            decode_file("cut")
        return
    whole, _ = piped(content)
    for samples, decoder in (decoded(Path("cut")), piped(cut)):
        assert not decoder.complete or name in OPEN_ENDED
        assert 0.3 * len(whole) < len(samples) < 0.7 * len(whole)


def test_an_ogg_that_ends_between_two_pages_ends_early(folder: Path) -> None:
    content = by_soundfile("OGG", "VORBIS")
    samples, decoder = piped(content[: content.rindex(b"OggS")] + content[: content.rindex(b"OggS")])
    assert len(samples)
    assert not decoder.complete


def test_a_length_that_is_only_guessed_makes_no_file_incomplete(folder: Path) -> None:
    """Of a variable rate that begins low FFmpeg guesses far too much."""
    sound = np.random.default_rng(0).normal(0, 0.1, 4 * RATE) * (np.arange(4 * RATE) > 3 * RATE)
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.0)
    Path("guessed.mp3").write_bytes(without_first_frame(buffer.getvalue()))
    samples, decoder = decoded(Path("guessed.mp3"))
    assert decoder.duration is not None
    assert decoder.duration > len(samples) / RATE + 0.5
    assert decoder.complete


def test_several_tracks(folder: Path) -> None:
    """The one that is flagged, else the first; or the one that is asked for."""
    for flagged, expected in ((None, 1), (2, 3)):
        make_tracks(Path("tracks.mkv"), flagged)
        with FileSource("tracks.mkv") as source:
            assert (source.track, source.tracks) == (expected, 3)
        for track in (1, 2, 3):
            with FileSource("tracks.mkv", track=track) as source, source_of(Path("tracks.mkv"), track) as stream:
                for one in (source, stream):
                    assert (one.track, one.tracks) == (track, 3)
                    block = one.read(1)
                    assert block is not None
                    assert block.samples[0] == np.float32(track / 8)
    for track, reason in ((4, "choose one from 1 to 3"), (0, "choose one from 1 to 3")):
        with pytest.raises(UnreadableFile, match=f"no track {track} in this file: {reason}"):
            FileSource("tracks.mkv", track=track)


@contextmanager
def source_of(path: Path, track: int) -> Iterator[StreamSource]:
    with pipe_of(path.read_bytes()) as descriptor, StreamSource(descriptor, track=track) as stream:
        yield stream


def make_tracks(path: Path, flagged: int | None) -> None:
    """Three soundtracks, each of one value; Matroska flags all of them unless it is told otherwise."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("pcm_f32le", rate=RATE, layout="mono") for _ in range(3)]
        for number, stream in enumerate(streams):
            wished = Disposition.default if number == flagged else Disposition(0)
            stream.disposition = cast(Disposition, wished.value)  # PyAV before 18 takes only the number
        for number, stream in enumerate(streams, 1):
            frame = av.AudioFrame.from_ndarray(
                np.full((1, 13_230), number / 8, np.float32), format="flt", layout="mono"
            )
            frame.sample_rate = RATE
            container.mux([*stream.encode(frame), *stream.encode(None)])


def make_pieces(path: Path, times: list[float], video: bool = False) -> None:
    """A tenth of a second of ones at each of these times, in seconds; with a picture at 0 if there is to be a video."""
    with av.open(str(path), "w") as container:
        if video:
            pictures = container.add_stream("mpeg4", rate=10, width=64, height=48, pix_fmt="yuv420p")
        stream = container.add_stream("pcm_s16le" if path.suffix != ".ts" else "mp2", rate=RATE, layout="mono")
        stream.time_base = Fraction(1, RATE)
        if video:
            for _ in range(30):
                container.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
            container.mux(pictures.encode(None))
        for time in times:
            frame = av.AudioFrame.from_ndarray(np.full((1, 4410), 16_384, np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), round(time * RATE)
            container.mux(stream.encode(frame))


@pytest.mark.parametrize("video", [False, True])
@pytest.mark.parametrize(
    ("times", "begins"),
    [
        ([0.0, 0.1, 0.2], [0.0, 0.1, 0.2]),
        ([2.0, 2.1], [2.0, 2.1]),  # a late start
        ([0.0, 0.1, 5.0, 5.1], [0.0, 0.1, 5.0, 5.1]),  # a gap
        ([0.0, 0.16, 0.32], [0.0, 0.1, 0.32]),  # little gaps become silence when they have added up
    ],
)
def test_times_are_the_container_s(folder: Path, times: list[float], begins: list[float], video: bool) -> None:
    make_pieces(Path("timed.mkv"), times, video)
    samples, decoder = decoded(Path("timed.mkv"))
    assert decoder.complete
    expected = np.zeros(round((begins[-1] + 0.1) * RATE), np.float32)
    for begin in begins:
        expected[round(begin * RATE) :][:4410] = 0.5
    assert len(samples) == pytest.approx(len(expected), abs=0.06 * RATE)
    common = min(len(samples), len(expected))
    assert np.count_nonzero(samples[:common] != expected[:common]) <= len(times) * 0.1 * RATE
    np.testing.assert_array_equal(piped(Path("timed.mkv").read_bytes())[0], samples)


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile {neighbour}\n",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{neighbour}\n#EXT-X-ENDLIST\n",
    "m3u": "#EXTM3U\n#EXTINF:5,song\n{neighbour}\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
    "cue": 'FILE "{neighbour}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
    "asx": '<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
    "http m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n",
    "rtsp": "[Reference]\nRef1={url}\n",
}


@pytest.fixture
def visits() -> Iterator[tuple[int, list[object]]]:
    """The port of a server that nobody should call, and who did."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    connection, caller = server.accept()
                    calls.append(caller)
                    connection.close()

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], calls
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_what_a_file_names_is_never_opened(folder: Path, kind: str, visits: tuple[int, list[object]]) -> None:
    port, calls = visits
    (folder / "neighbour.wav").write_bytes(by_soundfile("WAV", "PCM_16"))
    text = PLAYLISTS[kind].format(neighbour="neighbour.wav", port=port, url=f"http://127.0.0.1:{port}/song.wav")
    for name in (f"list.{kind.split()[-1]}", "list.mp3"):
        Path(name).write_text(text)
        with pytest.raises(UnreadableFile, match="not a sound file"):
            decode_file(name)
    with pytest.raises(UnreadableFile, match="no sound"):
        piped(text.encode())
    assert calls == []


def test_a_folder_that_is_called_as_a_protocol_is_a_folder(folder: Path, visits: tuple[int, list[object]]) -> None:
    port, calls = visits
    for begin in ("http:", "tcp:", "concat:", "subfile,,start,0,end,9,,:"):
        place = folder / begin / f"127.0.0.1:{port}"
        place.mkdir(parents=True)
        (place / "song.wav").write_bytes(by_soundfile("WAV", "PCM_16"))
        np.testing.assert_array_equal(decoded(Path(begin) / f"127.0.0.1:{port}" / "song.wav")[0], MEAN)
    assert calls == []


def test_a_film_that_keeps_its_sound_in_another_file_opens_none(folder: Path) -> None:
    """QuickTime may refer to other files, by a name in the place where it says that the sound is in this one."""
    neighbour = by_soundfile("WAV", "PCM_16")
    (folder / "neighbour.wav").write_bytes(neighbour)
    film = by_ffmpeg(folder, "mov", "pcm_s16le", movflags="faststart")
    here = film.index(b"url \0\0\0\1")
    Path("film.mov").write_bytes(film[:here] + b"alis\0\0\0\0" + film[here + 8 :])
    np.testing.assert_array_equal(decoded(Path("film.mov"))[0], MEAN)  # of its own bytes


def test_a_pipe_that_does_not_block_is_waited_for() -> None:
    content = by_soundfile("WAV", "PCM_16")
    with pipe_of(content, piece=20_000) as descriptor:
        os.set_blocking(descriptor, False)
        with StreamSource(descriptor) as stream:
            assert sum(len(block) for block in stream._samples) == len(MEAN)


def test_the_length_of_joined_pieces_is_guessed_where_the_first_states_its_own(folder: Path) -> None:
    Path("joined.mp3").write_bytes(3 * by_soundfile("MP3", "MPEG_LAYER_III"))
    with FileSource("joined.mp3") as source:
        assert source.duration == pytest.approx(4.5, abs=0.3)


def test_a_place_that_is_not_in_the_file_is_refused(folder: Path) -> None:
    """A damaged file sends FFmpeg anywhere."""
    Path("tagged.mp3").write_bytes(with_tag(bytes(1000)))
    with open("tagged.mp3", "rb", buffering=0) as file:
        content = SoundBytes(file)
        assert content.seek(500) == 500
        for nowhere in (-5, 2**63 - 1, 2**63):
            assert content.seek(nowhere) < 0
            assert content.tell() == 500


def test_a_size_that_is_damaged_makes_no_room_for_gigabytes(folder: Path) -> None:
    wav = by_soundfile("WAV", "PCM_16")
    Path("damaged.wav").write_bytes(wav[:36] + b"LIST" + (3 << 30).to_bytes(4, "little") + b"INFO" + wav[36:])
    asked: list[int] = []

    class Watched(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(-1 if size is None else size)
            return super().read(min(asked[-1], 1 << 20))

    with suppress(UnreadableFile):
        Decoder(Watched("damaged.wav"), FILE).close()
    assert 0 < max(asked) <= READ_BYTES
    assert min(asked) > 0


def test_every_suffix_of_the_allowed_demuxers_is_looked_for() -> None:
    no_sound = {".avif", ".heic", ".heif", ".mj2", ".mks"}  # pictures and subtitles
    names = {name for name in DEMUXERS.split(",") if name in av.formats_available}
    demuxers = [av.ContainerFormat(name, "r") for name in av.formats_available if names & set(name.split(","))]
    found = {f".{suffix}" for demuxer in demuxers for suffix in demuxer.extensions}
    assert found - no_sound <= set(SUFFIXES)
    assert len(SUFFIXES) == len(set(SUFFIXES))


@pytest.mark.parametrize("restarts", [False, True])
def test_how_far_times_are_believed(restarts: bool) -> None:
    def clock() -> ContainerClock:
        return ContainerClock(100.0, restarts)

    assert clock().silence_before(100.0, 0.0) == 0.0
    assert clock().silence_before(100.0 + 0.9 * GAP, 0.0) == 0.0
    assert clock().silence_before(103.0, 1.0) == 2.0
    assert clock().silence_before(100.0, 1.0) == 0.0, "what overlaps is kept"
    anew = clock()
    assert anew.silence_before(100.0, 1.5 * JUMP) == 0.0, "it begins anew"
    assert anew.silence_before(101.0, 1.5 * JUMP) == 1.0, "and goes on from there"
    far = clock()
    assert far.silence_before(100.0 + 2 * JUMP, 0.0) == (0.0 if restarts else 2 * JUMP)
    beyond = clock()
    assert beyond.silence_before(100.0 + 2 * MOST_SILENCE, 0.0) == 0.0
    assert beyond.silence_before(101.0 + 2 * MOST_SILENCE, 0.0) == 1.0
    many = clock()
    given = [many.silence_before(100.0 + 2 * at, at) for at in np.arange(0.5, 2 * MOST_SILENCE, JUMP / 2)]
    assert sum(given) <= MOST_SILENCE


def test_a_lying_time_costs_neither_time_nor_memory(folder: Path) -> None:
    make_pieces(Path("lying.mkv"), [0.0, 0.1, 2.0e7, 2.0e7 + 0.1])
    tracemalloc.start()
    try:
        samples, _ = decoded(Path("lying.mkv"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(samples) == pytest.approx(0.4 * RATE, abs=0.01 * RATE)
    assert peak < 2**22


def test_a_recording_of_a_broadcast_begins_where_its_clock_stands(folder: Path) -> None:
    """A file in which nothing begins in its first ten minutes counts from its first packet."""
    late = LATEST_START + 1000.0
    make_pieces(Path("clock.mkv"), [late, late + 0.1, late + 1.0])
    samples, _ = decoded(Path("clock.mkv"))
    assert len(samples) == pytest.approx(1.1 * RATE, abs=0.01 * RATE)


SEEKABLE = ["16.wav", "float.wav", "16.flac", "unknown length.flac", "16.caf", "16.w64", "16.au", "sowt.aifc"]
SEEKABLE += ["alac.m4a", "16.wv", "pcm.mov", "16.tta", "mp3", "vorbis.ogg", "opus.opus"]
SEEKABLE += ["chained.ogg", "chained.opus", "flac.oga", "joined.mp3"]


@pytest.mark.parametrize("name", SEEKABLE)
def test_a_seek_is_exact_to_the_sample(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.audio.test_decode.RECORDING", np.tile(RECORDING, (4, 1)))
    Path(name).write_bytes((LOSSLESS | LOSSY)[name](folder))
    whole, decoder = decoded(Path(name))
    for begin in (0.01, 0.7, 3.123, 5.9):
        rest = samples_of(decode_file(name, begin=begin))
        expected = whole[round(begin * decoder.sample_rate) :]
        assert len(rest) == len(expected)
        np.testing.assert_allclose(rest, expected, atol=1e-6 if name in LOSSY else 0)
    assert len(samples_of(decode_file(name, begin=99.0))) == 0


def test_eight_channels_that_lie_apart_are_those_of_the_file(tmp_path: Path) -> None:
    """PyAV reads the planes of so many beyond its memory: without the detour this ends the process."""
    channels = np.random.default_rng(0).integers(-20_000, 20_000, (9_000, 8)).astype(np.float32) / 2**15
    path = tmp_path / "eight.wv"
    frame = av.AudioFrame.from_ndarray(channels.reshape(1, -1), format="flt", layout="7.1")
    frame.sample_rate = RATE
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("wavpack", rate=RATE, layout="7.1")
        stream.codec_context.format = "s16p"
        apart = av.AudioResampler(format="s16p", layout="7.1", rate=RATE, frame_size=4096)
        for piece in [*apart.resample(frame), *apart.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux([packet for packet in stream.encode(None) if packet.size])
    for channel in range(8):
        np.testing.assert_array_equal(np.concatenate(list(decode_file(path, channel).blocks)), channels[:, channel])
