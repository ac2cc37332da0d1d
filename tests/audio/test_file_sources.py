"""Files as sources: every kind is decoded, the broken ones say why, and live pace is live."""

from __future__ import annotations

import math
import os
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from audio import FileSource, LivePacedSource, UnreadableFile
from audio.decode import decode_file
from scripts.encode import encode
from tests.audio.signals import Samples
from tests.audio.virtual import VirtualClock

RATE = 44_100
STEREO = np.stack([0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE), np.zeros(2 * RATE)], axis=1).astype(
    np.float32
)
MONO = STEREO.mean(axis=1)


# Of an encoding that nothing decodes.
UNKNOWN_ENCODING = (
    b"RIFF\x9c\x01\0\0WAVEfmt \x10\0\0\0\xfe\x57\1\0\x44\xac\0\0\x44\xac\0\0\1\0\x08\0data\x90\1\0\0" + bytes(400)
)


def all_samples(path: Path) -> Samples:
    return np.concatenate(list(decode_file(path).blocks))


@pytest.mark.parametrize(
    ("name", "subtype", "error"),
    [
        ("sound.wav", "FLOAT", 0.0),
        ("sound.wav", "PCM_16", 2**-15),
        ("sound.wav", "PCM_U8", 2**-7),
        ("sound.flac", "PCM_24", 2**-23),
        ("sound.aiff", "PCM_16", 2**-15),
        ("sound.ogg", "VORBIS", 0.02),
        ("sound.mp3", "MPEG_LAYER_III", 0.02),
    ],
)
def test_what_soundfile_writes_is_read_and_mixed(tmp_path: Path, name: str, subtype: str, error: float) -> None:
    soundfile.write(tmp_path / name, STEREO, RATE, subtype=subtype)
    decoded = decode_file(tmp_path / name)
    assert (decoded.sample_rate, decoded.channels) == (RATE, 2)
    assert decoded.duration == pytest.approx(2, abs=0.06)
    samples = np.concatenate(list(decoded.blocks))
    assert samples.dtype == np.float32
    assert len(samples) == len(MONO)
    assert np.abs(samples - MONO).max() <= error


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("float_packed.mkv", "pcm_f32le"),
        ("double_packed.mkv", "pcm_f64le"),
        ("short_packed.mkv", "pcm_s16le"),
        ("short_planar.mov", "pcm_s16be"),
        ("long_packed.mkv", "pcm_s32le"),
        ("byte.mkv", "pcm_u8"),
    ],
)
def test_every_sample_type_of_ffmpeg_has_the_right_scale(tmp_path: Path, name: str, codec: str) -> None:
    samples = all_samples(encode(tmp_path / name, codec, STEREO, RATE))
    assert len(samples) == len(MONO)
    assert np.abs(samples - MONO).max() <= (2**-7 if codec == "pcm_u8" else 2**-15)


@pytest.mark.parametrize(("name", "codec"), [("sound.m4a", "aac"), ("sound.mp4", "aac"), ("sound.webm", "libopus")])
def test_compressed_sound_that_soundfile_cannot_read_is_read(tmp_path: Path, name: str, codec: str) -> None:
    steady = np.tile(STEREO[:RATE, :1], (2, 1))
    rate = 48_000 if codec == "libopus" else RATE
    decoded = decode_file(encode(tmp_path / name, codec, steady, rate))
    samples = np.concatenate(list(decoded.blocks))
    assert (decoded.sample_rate, decoded.channels) == (rate, 1)
    assert len(samples) == pytest.approx(len(steady), abs=4096)  # AAC adds priming samples
    middle = samples[RATE // 2 : RATE // 2 + RATE]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / math.sqrt(2), rel=0.02)


def silent_film(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10, width=64, height=48, pix_fmt="yuv420p")
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("text.wav", lambda path: path.write_text("these are words, not sound\n" * 100), "not a sound file"),
        ("text.mp3", lambda path: path.write_text("these are words, not sound\n" * 100), "not a sound file"),
        ("noise.ogg", lambda path: path.write_bytes(os.urandom(5000)), "not a sound file"),
        ("unknown.wav", lambda path: path.write_bytes(UNKNOWN_ENCODING), "not a sound file"),
        ("empty.wav", lambda path: path.write_bytes(b""), "the file is empty"),
        ("nothing.wav", lambda path: soundfile.write(path, np.zeros(0), RATE), "not a single sample"),
        ("folder.wav", lambda path: path.mkdir(), "this is a folder"),
        ("missing.wav", lambda path: None, "no such file"),
        ("film.mp4", silent_film, "no sound in this file"),
    ],
)
def test_an_unreadable_file_says_why_in_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, make: object, reason: str
) -> None:
    path = tmp_path / name
    assert callable(make)
    make(path)
    with pytest.raises(UnreadableFile, match=reason) as caught:
        all_samples(path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert capfd.readouterr() == ("", ""), "the libraries keep silent"


def test_a_damaged_packet_is_left_out_and_the_rest_is_heard_at_its_time(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (4 * RATE, 1)).astype(np.float32)
    path = encode(tmp_path / "sound.m4a", "aac", noise, RATE)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 900] = b"Z" * 900
    path.write_bytes(content)
    samples = all_samples(path)
    assert len(samples) == pytest.approx(len(noise), abs=4096)
    assert 0 < np.count_nonzero(samples[4096:-4096] == 0.0) < 0.1 * len(noise)


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros((60 * RATE, 2), np.int16), RATE)
    tracemalloc.start()
    try:
        count = sum(len(block) for block in decode_file(path).blocks)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 60 * RATE
    assert peak < 2**21


def test_a_file_source_ends_and_closes(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", STEREO, RATE, subtype="FLOAT")
    with FileSource(tmp_path / "sound.wav") as source:
        assert (source.name, source.sample_rate, source.status) == ("sound.wav", RATE, "")
        position = 0
        while (block := source.read(0)) is not None:
            assert (block.start, block.dropped) == (position, 0)
            position += len(block.samples)
        assert position == len(STEREO)
        assert source.read(0) is None
    again = FileSource(tmp_path / "sound.wav")
    again.close()
    again.close()
    assert again.read(0) is None


def test_live_pace_is_that_of_the_clock(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", MONO[: RATE // 2], RATE, subtype="FLOAT")
    pieces, clock = [], VirtualClock()
    with LivePacedSource(FileSource(tmp_path / "sound.wav"), speed=2, clock=clock) as source:
        while (block := source.read(1)) is not None:
            assert clock.now() == pytest.approx((block.start + len(block.samples)) / (2 * RATE))
            assert len(block.samples) <= 1024
            pieces.append(block.samples)
        assert clock.now() == pytest.approx(0.25)
    np.testing.assert_array_equal(np.concatenate(pieces), MONO[: RATE // 2])


def test_live_pace_keeps_to_the_timeout_and_loses_nothing_when_late(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", MONO, RATE, subtype="FLOAT")
    clock = VirtualClock()
    with LivePacedSource(FileSource(tmp_path / "sound.wav"), clock=clock) as source:
        early = source.read(0.001)
        assert early is not None
        assert (len(early.samples), early.start) == (0, 0)
        assert clock.now() == pytest.approx(0.001)
        clock.sleep(0.2)
        late = [source.read(0) for _ in range(6)]
        assert [block and (block.start, len(block.samples)) for block in late] == [
            (1024 * index, 1024) for index in range(6)
        ]
        source.close()
        assert source.read(0.1) is None


def test_a_channel_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "stereo.wav", np.zeros((100, 2), np.float32), 22_050)
    with pytest.raises(UnreadableFile, match="no channel 3 in this file: choose one from 1 to 2"):
        FileSource(tmp_path / "stereo.wav", channel=2)


def test_a_chosen_channel_is_heard_alone(tmp_path: Path) -> None:
    stereo = np.random.default_rng(5).normal(0, 0.1, (5000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "stereo.wav", stereo, 22_050, subtype="FLOAT")
    with FileSource(tmp_path / "stereo.wav", channel=1) as source:
        block = source.read(timeout=1.0)
    assert block is not None
    np.testing.assert_array_equal(block.samples, stereo[:, 1])
