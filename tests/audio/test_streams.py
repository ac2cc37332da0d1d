"""Standard input as a source: raw samples in every format, and encoded sound of every kind."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pytest
import soundfile

from audio import FileSource, PcmFormat, Source, StreamSource, UnreadableFile
from audio.pcm import SAMPLE_TYPES
from tests.audio.signals import Samples, encode, frames_from, frames_of, music

RATE = 44_100
STEREO = np.random.default_rng(0).uniform(-0.9, 0.9, (RATE, 2)).astype(np.float32)


def heard(source: Source) -> Samples:
    """Everything until the end, which is at most a moment away."""
    blocks: list[Samples] = []
    while (block := source.read(5.0)) is not None:
        assert block.start == sum(len(one) for one in blocks)
        assert block.dropped == 0
        blocks.append(block.samples)
    return np.concatenate(blocks)


def raw(sample_type: str) -> bytes:
    kind, full_scale = SAMPLE_TYPES[sample_type]
    scaled = STEREO * full_scale + (128 if sample_type == "u8" else 0)
    return scaled.astype(kind).tobytes()


@pytest.mark.parametrize("sample_type", SAMPLE_TYPES)
def test_raw_samples_of_every_format_are_heard(sample_type: str) -> None:
    error = {"u8": 2**-7, "s16le": 2**-14, "s16be": 2**-14}.get(sample_type, 1e-7)
    for channel, expected in ((None, STEREO.mean(axis=1)), (0, STEREO[:, 0]), (1, STEREO[:, 1])):
        source = StreamSource(io.BytesIO(raw(sample_type)), PcmFormat(RATE, 2, sample_type), channel)
        np.testing.assert_allclose(heard(source), expected, rtol=0, atol=error)
        assert source.sample_rate == RATE


class Dribble(io.RawIOBase):
    """A pipe that gives a few bytes at a time, never a whole number of samples."""

    def __init__(self, content: bytes) -> None:
        self._content, self._position = content, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._content[self._position : self._position + 997]
        self._position += len(piece)
        return piece


def test_how_a_pipe_cuts_the_bytes_changes_nothing() -> None:
    pipe: IO[bytes] = Dribble(raw("f32le") + b"\x00\x00\x00")  # type: ignore[assignment]
    source = StreamSource(pipe, PcmFormat(RATE, 2, "f32le"))
    np.testing.assert_array_equal(heard(source), STEREO.mean(axis=1, dtype=np.float32))


@pytest.mark.parametrize(
    ("name", "codec"), [("sound.mka", "pcm_f32le"), ("sound.wav", "pcm_s16le"), ("sound.mp3", "mp3")]
)
def test_an_encoded_stream_is_heard_as_the_file_would_be(tmp_path: Path, name: str, codec: str) -> None:
    path = encode(tmp_path / name, codec, STEREO, RATE)
    with path.open("rb") as stream:
        source = StreamSource(stream)
        assert source.sample_rate == RATE
        samples = heard(source)
    if codec == "mp3":
        assert len(samples) == pytest.approx(RATE, abs=2500)
    else:
        np.testing.assert_allclose(samples, STEREO.mean(axis=1), rtol=0, atol=2**-14)


def test_a_stream_gives_the_frames_of_the_sound() -> None:
    sound = music(2)
    source = StreamSource(io.BytesIO(sound.tobytes()), PcmFormat(22_050, 1, "f32le"))
    np.testing.assert_array_equal(frames_from(source), frames_of(sound, 22_050))


@pytest.fixture
def pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A reading and a writing end."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb", buffering=0) as writer:
        yield reader, writer


def test_a_pipe_that_gives_nothing_keeps_the_timeout_and_does_not_hold_up_closing(
    pipe: tuple[IO[bytes], IO[bytes]],
) -> None:
    reader, writer = pipe
    source = StreamSource(reader, PcmFormat(48_000, 1, "s16le"))
    began = time.monotonic()
    block = source.read(0.1)
    assert block is not None
    assert len(block.samples) == 0
    assert 0.09 < time.monotonic() - began < 1.0
    writer.write(np.full(960, 1 << 14, "<i2").tobytes())
    block = source.read(5.0)
    assert block is not None
    assert (block.samples == 0.5).all()
    began = time.monotonic()
    source.close()
    source.close()
    assert source.read(1.0) is None
    assert time.monotonic() - began < 0.5
    writer.close()


def test_a_slow_reader_makes_the_pipe_wait_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio.stdin.QUEUED_BLOCKS", 2)
    content = io.BytesIO(raw("f32le"))
    source = StreamSource(content, PcmFormat(RATE, 2, "f32le"))
    time.sleep(0.3)
    assert content.tell() < len(raw("f32le")) // 4
    assert len(heard(source)) == RATE


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"these are words, not sound\n" * 100, "not a sound file"),
        (b"", "not a sound file"),
        (os.urandom(5000), "not a sound file"),
    ],
)
def test_an_encoded_stream_that_is_none_says_so(content: bytes, reason: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        StreamSource(io.BytesIO(content))
    assert capfd.readouterr() == ("", "")


def test_a_stream_that_never_begins_is_given_up(
    pipe: tuple[IO[bytes], IO[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio.stdin.BEGINNING_SECONDS", 0.2)
    with pytest.raises(UnreadableFile, match="nothing came for 0 s"):
        StreamSource(pipe[0])
    pipe[1].close()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: PcmFormat(48_000, 0), "0 channels cannot be heard: give 1 to 32"),
        (lambda: PcmFormat(48_000, 33), "33 channels cannot be heard"),
        (lambda: PcmFormat(7_999, 1), "a rate of 7999 Hz cannot be heard: give one from 8000 to 384000"),
        (lambda: PcmFormat(400_000, 1), "a rate of 400000 Hz"),
        (lambda: PcmFormat(48_000, 1, "s24"), "no sample format “s24”: give u8, s16le"),
        (lambda: StreamSource(io.BytesIO(), PcmFormat(48_000, 2), channel=2), "no channel 3: choose one from 1 to 2"),
    ],
)
def test_a_format_that_cannot_be_is_one_sentence(make: object, reason: str) -> None:
    assert callable(make)
    with pytest.raises(UnreadableFile, match=reason):
        make()


def test_a_file_s_channel_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", STEREO, RATE)
    with pytest.raises(UnreadableFile, match="no channel 3 in this file: choose one from 1 to 2"):
        FileSource(tmp_path / "sound.wav", channel=2)
