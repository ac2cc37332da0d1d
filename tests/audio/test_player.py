"""A file that is played: paused, wound, one of its channels; on a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio import FilePlayer, FileSource
from scripts.encode import encode
from tests.audio.signals import Samples
from tests.audio.virtual import VirtualClock

RATE = 44_100
RAMP = np.arange(4 * RATE, dtype=np.float32) / (4 * RATE)  # every sample says where it is


@pytest.fixture
def path(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "ramp.wav", np.stack([RAMP, -RAMP], axis=1), RATE, subtype="FLOAT")
    return tmp_path / "ramp.wav"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def player(path: Path, clock: VirtualClock) -> Iterator[FilePlayer]:
    with FilePlayer(path, channel=0, clock=clock) as playing:
        yield playing


def heard(player: FilePlayer, clock: VirtualClock, seconds: float) -> Samples:
    """What comes in so much time; the numbers of the samples never jump."""
    end, blocks, position = clock.now() + seconds, [], None
    while clock.now() < end and (block := player.read(0.05)) is not None:
        assert block.dropped == 0
        assert position is None or block.start == position
        position = block.start + len(block.samples)
        blocks.append(block.samples)
    return np.concatenate(blocks)


def test_a_pause_stops_the_sound_and_loses_nothing(player: FilePlayer, clock: VirtualClock) -> None:
    before = heard(player, clock, 1.0)
    player.paused = True
    position = player.position
    assert len(heard(player, clock, 10.0)) == 0
    assert player.position == position
    player.paused = False
    after = heard(player, clock, 1.0)
    np.testing.assert_array_equal(np.concatenate([before, after]), RAMP[: len(before) + len(after)])
    assert len(after) == pytest.approx(RATE, abs=2 * 1024 + 0.05 * RATE)


@pytest.mark.parametrize("target", [3.0, 0.5, 0.0, -1.0])
def test_a_seek_goes_on_from_there_at_live_pace(player: FilePlayer, clock: VirtualClock, target: float) -> None:
    first = heard(player, clock, 1.0)
    player.seek(target)
    assert player.position == max(0.0, target)
    after = heard(player, clock, 0.8)
    begin = round(max(0.0, target) * RATE)
    np.testing.assert_array_equal(after, RAMP[begin : begin + len(after)])
    assert len(after) == pytest.approx(0.8 * RATE, abs=2 * 1024 + 0.05 * RATE)
    assert player.position == pytest.approx(max(0.0, target) + len(after) / RATE)
    block = player.read(1.0)
    assert block is not None
    assert block.start == len(first) + len(after)


def test_a_seek_while_paused_is_heard_after_the_pause(player: FilePlayer, clock: VirtualClock) -> None:
    player.paused = True
    player.seek(2.0)
    assert len(heard(player, clock, 1.0)) == 0
    assert player.position == 2.0
    player.paused = False
    after = heard(player, clock, 0.5)
    np.testing.assert_array_equal(after, RAMP[2 * RATE : 2 * RATE + len(after)])


def test_a_seek_to_the_end_ends_it(player: FilePlayer, clock: VirtualClock) -> None:
    player.seek(99.0)
    assert len(heard(player, clock, 1.0)) == 0
    assert player.read(1.0) is None


def test_a_closed_player_gives_nothing_even_when_paused(player: FilePlayer) -> None:
    player.paused = True
    player.close()
    player.seek(1.0)
    assert player.read(0.1) is None


@pytest.mark.parametrize(("name", "codec"), [("ramp.mka", "pcm_f32le"), ("ramp.mp4", "aac")])
def test_a_film_s_sound_is_wound_too(tmp_path: Path, name: str, codec: str) -> None:
    time = np.arange(4 * RATE) / RATE
    sweep = 0.5 * np.sin(2 * np.pi * (200 * time + 300 * time**2)).astype(np.float32)
    path = encode(tmp_path / name, codec, sweep[:, None], RATE)
    with FileSource(path) as source:
        whole = all_of(source)
    with FileSource(path) as source:
        source.read(1)
        source.seek(2.0)
        rest = all_of(source)
    # These files tell time in milliseconds, and AAC needs the packet before, which a seek does not decode.
    length = RATE // 2
    piece = rest[RATE : RATE + length]
    begin = int(np.argmax(np.correlate(whole, piece, "valid")))
    assert begin / RATE == pytest.approx(3.0, abs=0.001 if codec == "pcm_f32le" else 0.05)
    np.testing.assert_allclose(
        piece, whole[begin : begin + length], rtol=0, atol=1e-4 if codec == "pcm_f32le" else 0.02
    )


def all_of(source: FileSource) -> Samples:
    blocks = []
    while (block := source.read(1)) is not None:
        blocks.append(block.samples)
    return np.concatenate(blocks)


def test_one_channel_or_the_mean_of_all(path: Path) -> None:
    for channel, expected in ((0, RAMP), (1, -RAMP), (None, np.zeros_like(RAMP))):
        with FileSource(path, channel) as source:
            np.testing.assert_array_equal(all_of(source), expected)
