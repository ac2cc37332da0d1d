"""The music that the program makes itself: always the same, at sensible levels, and never in the way of anybody."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from app.demo.instruments import SAMPLE_RATE
from app.demo.pieces import PIECES, Piece
from app.demo.source import DemoSource
from audio import FrameStream


@pytest.fixture(scope="module")
def made() -> dict[str, NDArray[np.float32]]:
    return {piece.name: piece.make() for piece in PIECES}


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.name)
def test_a_piece_is_about_as_loud_as_the_others_and_never_clips(
    piece: Piece, made: dict[str, NDArray[np.float32]]
) -> None:
    samples = made[piece.name]
    assert samples.dtype == np.float32
    assert 15 <= len(samples) / SAMPLE_RATE <= 21
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() < 0.9
    assert 20 * np.log10(np.sqrt(np.mean(samples**2))) == pytest.approx(-20, abs=1)
    seconds = samples[: len(samples) // SAMPLE_RATE * SAMPLE_RATE].reshape(-1, SAMPLE_RATE)
    assert np.abs(seconds[:-1]).max(axis=1).min() > 0.02  # no hole in it


def test_the_same_piece_is_the_same_at_every_call() -> None:
    np.testing.assert_array_equal(PIECES[-1].make(), PIECES[-1].make())


def test_no_two_pieces_sound_alike_to_the_model(made: dict[str, NDArray[np.float32]]) -> None:
    colours = []
    for samples in made.values():
        colours.append(FrameStream(SAMPLE_RATE).push(samples[: 10 * SAMPLE_RATE]).mean(axis=0))
    for one, other in itertools.combinations(colours, 2):
        apart = (one - one.mean()) - (other - other.mean())
        assert np.abs(apart).mean() > 3  # dB, over the bands


def test_the_set_goes_on_without_an_end_or_a_seam() -> None:
    ramp, other = np.arange(5, dtype=np.float32), np.full(3, 9, np.float32)
    with DemoSource([Piece("a", lambda: ramp), Piece("b", lambda: other)]) as source:
        heard, expected = [], 0
        for _ in range(5):
            block = source.read(timeout=60.0)
            assert block is not None
            assert (block.start, block.dropped) == (expected, 0)
            expected += len(block.samples)
            heard.append(block.samples)
    np.testing.assert_array_equal(np.concatenate(heard), np.concatenate([ramp, other, ramp, other, ramp]))


def test_a_piece_that_is_not_ready_is_waited_for_no_longer_than_asked_and_closing_wakes_the_reader() -> None:
    ready = threading.Event()

    def slowly() -> NDArray[np.float32]:
        ready.wait(60)
        return np.ones(4, np.float32)

    source = DemoSource([Piece("slow", slowly)])
    block = source.read(timeout=0.01)
    assert block is not None
    assert not len(block.samples)
    answers: list[object] = []
    reader = threading.Thread(target=lambda: answers.append(source.read(timeout=60)))
    reader.start()
    source.close()
    reader.join(30)
    assert answers == [None]
    ready.set()
