"""Raw PCM and encoded streams from a pipe."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audio import FileSource, PipePlayer, RawFormat, RawSource, Source, StreamSource, UnreadableFile
from audio import pipe as pipe_module
from audio.pipe import SAMPLE_TYPES
from tests.app.made_music import made_music


@contextmanager
def pipe_of(content: bytes, piece: int = 1 << 16) -> Iterator[int]:
    """A descriptor that the content arrives at, a piece at a time."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as end:
            for start in range(0, len(content), piece):
                try:
                    end.write(content[start : start + piece])
                except BrokenPipeError:
                    return

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield reading
    finally:
        os.close(reading)
        thread.join()


def heard(source: Source) -> NDArray[np.float32]:
    blocks: list[NDArray[np.float32]] = []
    while (block := source.read(1.0)) is not None:
        assert block.start == sum(len(before) for before in blocks)
        blocks.append(block.samples)
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


@pytest.mark.parametrize("sample_type", SAMPLE_TYPES)
def test_every_sample_type_is_what_soundfile_says_it_is(sample_type: str, tmp_path: Path) -> None:
    """Written by libsndfile as raw bytes, read by us in odd pieces."""
    stereo = np.stack([made_music(0.2), -0.5 * made_music(0.2)], axis=1)
    kind, order = sample_type.rstrip("lbe"), "BIG" if sample_type.endswith("be") else "LITTLE"
    subtype = {"u8": "PCM_U8", "s8": "PCM_S8", "f32": "FLOAT", "f64": "DOUBLE"}.get(kind, f"PCM_{kind[1:]}")
    path = tmp_path / "sound.raw"
    raw: dict[str, object] = {"format": "RAW", "subtype": subtype, "endian": order}
    soundfile.write(path, stereo, 22_050, **raw)
    expected = soundfile.read(path, dtype="float32", samplerate=22_050, channels=2, **raw)[0]
    with pipe_of(path.read_bytes(), piece=1001) as descriptor:
        samples = heard(RawSource(descriptor, RawFormat.parse(f"{sample_type},22050,2")))
    np.testing.assert_array_equal(samples, expected.mean(axis=1))


def test_a_raw_stream_that_ends_mid_frame_leaves_the_rest_out_and_counts_it() -> None:
    with pipe_of(bytes(4 * 500 + 3), piece=7) as descriptor:
        source = RawSource(descriptor, RawFormat.parse("s16le,8000,2"))
        assert len(heard(source)) == 500
    assert source.leftover_bytes == 3


@pytest.mark.parametrize("text", ["s16le", "s16le,44100", "s16le,x,2", "s17le,8000,2", "s16le,8000,0", "s16le,1,9999"])
def test_what_describes_no_raw_sound_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        RawFormat.parse(text)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_an_encoded_stream_gives_the_samples_of_the_file(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"song.{suffix}"
    soundfile.write(path, made_music(1.0, 44_100), 44_100)
    with FileSource(path) as file:
        expected = heard(file)
    with pipe_of(path.read_bytes(), piece=3001) as descriptor, StreamSource(descriptor) as stream:
        samples = heard(stream)
        assert stream.sample_rate == 44_100
    assert abs(len(samples) - len(expected)) <= 0.06 * 44_100  # a file's header says what to cut off its ends
    common = min(len(samples), len(expected))
    np.testing.assert_allclose(samples[:common], expected[:common], atol=2e-4)


@pytest.mark.parametrize("content", [b"", b"this is a text, not a sound\n" * 500, bytes(100_000)])
def test_a_stream_that_is_no_sound_is_refused_in_a_sentence(content: bytes) -> None:
    with pipe_of(content) as descriptor, pytest.raises(UnreadableFile, match=r"^[^\n]+$"):
        heard(StreamSource(descriptor))


def test_a_stream_of_many_channels_is_averaged(tmp_path: Path) -> None:
    path = tmp_path / "many.wav"
    soundfile.write(path, np.tile(np.arange(-8, 8) / 8, (5000, 1)), 22_050)
    with pipe_of(path.read_bytes()) as descriptor, StreamSource(descriptor) as stream:
        np.testing.assert_allclose(heard(stream), np.full(5000, -1 / 16), atol=1e-6)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_one_channel_of_a_stream_is_heard_with_its_exact_bits(channel: int, tmp_path: Path) -> None:
    sound = np.random.default_rng(3).uniform(-0.5, 0.5, (5000, 3)).astype(np.float32)
    soundfile.write(tmp_path / "three.wav", sound, 22_050, subtype="FLOAT")
    with pipe_of(sound.astype("<f4").tobytes(), piece=1001) as descriptor:
        raw = RawSource(descriptor, RawFormat.parse("f32le,22050,3"), channel=channel)
        np.testing.assert_array_equal(heard(raw), sound[:, channel])
    encoded = (tmp_path / "three.wav").read_bytes()
    with pipe_of(encoded, piece=1001) as descriptor, StreamSource(descriptor, channel=channel) as stream:
        np.testing.assert_array_equal(heard(stream), sound[:, channel])


def test_a_channel_that_a_stream_does_not_have_is_one_sentence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mono.wav", made_music(0.5), 22_050)
    reason = "no channel 2 in this stream: it has only one"
    with pipe_of((tmp_path / "mono.wav").read_bytes()) as descriptor:
        with pytest.raises(UnreadableFile, match=reason):
            StreamSource(descriptor, channel=1)
        with pytest.raises(UnreadableFile, match=reason):
            RawSource(descriptor, RawFormat.parse("s16le,22050,1"), channel=1)


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (22_050, 1)])
def test_a_broadcast_that_changes_its_form_is_heard_to_its_end(tmp_path: Path, rate: int, channels: int) -> None:
    """Joined MP3s of different rates and channels: time goes on at the rate of the first."""
    joined = tmp_path / "joined.mp3"
    for form, number in (((44_100, 1), 0), ((rate, channels), 1)):
        music = made_music(2.0, form[0])
        soundfile.write(tmp_path / "part.mp3", np.repeat(music[:, None], form[1], axis=1), form[0])
        with joined.open("ab" if number else "wb") as file:
            file.write((tmp_path / "part.mp3").read_bytes())
    with FileSource(joined) as file_source:
        assert len(heard(file_source)) == pytest.approx(4 * 44_100, rel=0.05)
    with pipe_of(joined.read_bytes()) as descriptor, StreamSource(descriptor) as stream:
        assert len(heard(stream)) == pytest.approx(4 * 44_100, rel=0.05)


def heard_of(source: Source, timeout: float) -> tuple[int, NDArray[np.float32]]:
    block = source.read(timeout)
    assert block is not None
    return block.start, block.samples


def test_a_pipe_that_is_played_never_holds_its_reader_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one sample is lost or doubled, however the program before it stops and goes on."""
    monkeypatch.setattr(pipe_module, "STALLED_SECONDS", 0.05)
    reading, writing = os.pipe()
    samples = np.arange(3000, dtype="<i2")
    with PipePlayer(RawSource(reading, RawFormat("s16le", 8000, 1))) as player:
        for begin in range(0, 3000, 1000):
            until = time.monotonic() + 30.0
            while player.state != "stalled":
                assert time.monotonic() < until
                assert heard_of(player, 0.01)[1].size == 0
            assert player.status == "Nothing comes from the pipe."
            os.write(writing, samples[begin : begin + 1000].tobytes())
            start, heard = heard_of(player, 30.0)
            assert start == begin
            np.testing.assert_array_equal(heard * 32768, samples[begin : begin + 1000])
            assert player.status == ""
        os.close(writing)
        assert player.read(30.0) is None
    os.close(reading)


def test_a_pipe_that_is_closed_while_nothing_comes_is_left_at_once() -> None:
    reading, writing = os.pipe()
    player = PipePlayer(RawSource(reading, RawFormat("s16le", 8000, 1)))
    assert heard_of(player, 0.01)[1].size == 0
    player.close()
    assert player.read(30.0) is None
    os.close(writing)
