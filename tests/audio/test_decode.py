"""Same bytes, same samples: whatever a file is called, wherever it lies, and through a pipe; times are the file's."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from av.stream import Disposition

from audio import FileSource, StreamSource, UnreadableFile
from audio.decode import Decoder, decode_file
from audio.pipe import STREAM
from scripts.encode import encode
from tests.app.made_music import made_music
from tests.audio.signals import Samples
from tests.audio.test_pipe import pipe_of

RATE = 44_100
RECORDING = (30_000 * np.stack([made_music(1.5, RATE), -0.5 * made_music(1.5, RATE)[::-1]], axis=1)).astype(np.int16)
MEAN = (RECORDING[:, 0].astype(np.float32) + RECORDING[:, 1]) / 2 / 2**15  # exact: 17 bits
PICTURE = np.random.default_rng(0).bytes(3_000_000)
UNUSUAL = ["plain", "wrong.mp3", "12:30.mp3", "http:song", "100%d.wav", "two\nlines.ogg", os.fsdecode(b"\xff\xfe.flac")]


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


def without_sizes(wav: bytes) -> bytes:
    """As a program leaves it that writes into a pipe."""
    data = wav.index(b"data") + 4
    return wav[:4] + bytes(4) + wav[8:data] + bytes(4) + wav[data + 4 :]


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
    "sizes 0.wav": lambda _: without_sizes(by_soundfile("WAV", "PCM_16")),
    "16.flac": lambda _: by_soundfile("FLAC", "PCM_16"),
    "24.flac": lambda _: by_soundfile("FLAC", "PCM_24"),
    "unknown length.flac": lambda _: of_unknown_length(by_soundfile("FLAC", "PCM_16")),
    "picture.flac": lambda _: with_picture(by_soundfile("FLAC", "PCM_16")),
    "alac.m4a": lambda folder: by_ffmpeg(folder, "m4a", "alac"),
    "alac, index first.m4a": lambda folder: by_ffmpeg(folder, "m4a", "alac", movflags="faststart"),
    "pcm.mov": lambda folder: by_ffmpeg(folder, "mov", "pcm_s16le"),
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
INDEX_LAST = {"alac.m4a", "pcm.mov", "aac.m4a"}
OPEN_ENDED = {"sizes 0.wav", "aac.ts", "ac3.ac3"}  # nothing says where they should end
SECONDS = {"joined.mp3": 3.0, "chained.ogg": 4.5, "chained.opus": 3 * len(RECORDING) / 48_000}


def by_soundfile_at(rate: int, kind: str, subtype: str) -> bytes:
    buffer = io.BytesIO()
    content = RECORDING[:, 0] if subtype == "GSM610" else RECORDING
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
    begin = len(PICTURE) if name in ("picture.flac", "tagged.mp3") else 0
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
            stream.disposition = Disposition.default if number == flagged else Disposition(0)
        for number, stream in enumerate(streams, 1):
            frame = av.AudioFrame.from_ndarray(np.full((1, 4410), number / 8, np.float32), format="flt", layout="mono")
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
