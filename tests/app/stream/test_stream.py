"""Laws of a stream: any cut into pushes gives the same answers, and what is timed is what answers."""

from __future__ import annotations

import math
import runpy
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from app.files.classify import classify_file
from app.files.parameters import Parameters
from app.stream.backend import compile_everything
from app.stream.models import Model, load_model, torch_model, with_twin
from app.stream.stream import Answers, Stream, TwinTally
from app.stream.twin import TwinRunner
from app.stream.weights import default_weights
from audio import BANDS, FileSource
from model import load_classifier
from tests.app.made_music import made_music
from tests.own_process import CHECKOUT


@pytest.fixture(scope="module", params=["compiled", "torch"])
def model(request: pytest.FixtureRequest) -> Model:
    compile_everything()
    made = (
        load_model(default_weights())
        if request.param == "compiled"
        else torch_model(load_classifier(default_weights()))
    )
    assert made.make_backend().name == request.param
    return made


def log_mels(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(7).normal(-30, 12, (count, BANDS)).astype(np.float32)


@pytest.mark.parametrize("chunk", [1, 2, 7, 60])
@pytest.mark.parametrize("singly", [False, True])
def test_any_cut_into_pushes_gives_the_same_answers(model: Model, chunk: int, singly: bool) -> None:
    frames = log_mels(60)
    whole = Stream(model).push(frames).probabilities
    stream = Stream(model, singly=singly)
    pushed = [stream.push(frames[at : at + chunk]) for at in range(0, 60, chunk)]
    np.testing.assert_allclose(np.concatenate([each.probabilities for each in pushed]), whole, rtol=0, atol=1e-5)
    assert all(min(each.tokenizer, each.step) > 0 and each.twin == () for each in pushed)
    assert stream.push(frames[:0]).probabilities.shape == (0, 10)
    assert stream.backend.filled == 60


def test_a_twin_that_is_waited_for_answers_every_frame_and_agrees(model: Model) -> None:
    make_twin = with_twin(model).make_twin
    assert make_twin is not None
    frames = log_mels(50)
    stream, alone = Stream(model, TwinRunner(make_twin(), math.inf)), Stream(model, singly=True)
    answers, expected = stream.push(frames), alone.push(frames).probabilities
    np.testing.assert_allclose(answers.probabilities, expected, rtol=0, atol=1e-5)
    assert len(answers.twin) == 50
    tally = TwinTally(model.config)
    tally.add(answers)
    assert 0 < tally.result(duration=4.0).largest_difference < 1e-4


def test_catching_up_gives_the_answers_that_pushing_gives(model: Model) -> None:
    frames = log_mels(50)
    stream, expected = Stream(model), Stream(model, singly=True).push(frames).probabilities
    np.testing.assert_allclose(stream.catch_up(frames[:20]), expected[:20], rtol=0, atol=1e-5)
    np.testing.assert_allclose(stream.push(frames[20:]).probabilities, expected[20:], rtol=0, atol=1e-5)


def test_the_tally_adds_up_what_it_was_told(model: Model) -> None:
    make_twin = with_twin(model).make_twin
    assert make_twin is not None
    stream = Stream(model, TwinRunner(make_twin(), math.inf))
    tally, pushed = TwinTally(model.config), list[Answers]()
    for at in range(0, 30, 10):
        pushed.append(stream.push(log_mels(30)[at : at + 10]))
        tally.add(pushed[-1])
    found = tally.result(duration=3.0)
    answered = [answer for each in pushed for answer in each.twin]
    assert len(answered) == 30
    stem = sum(each.tokenizer for each in pushed)
    assert found.step_milliseconds == pytest.approx((stem + sum(each.step for each in pushed)) / 1e6)
    assert found.twin_milliseconds == pytest.approx((stem + sum(answer.nanoseconds for answer in answered)) / 1e6)
    assert found.twin_real_time == pytest.approx(3000 / found.twin_milliseconds)
    mean = np.mean([answer.probabilities for answer in answered], axis=0)
    assert list(found.twin_probabilities.values()) == pytest.approx(mean.tolist())
    assert found.twin_genre == model.config.genres[int(mean.argmax())]


def test_a_comparison_times_the_backend_that_answers(model: Model, tmp_path: Path) -> None:
    """Not another one: the figures would be of what nobody runs."""
    calls: list[int] = []
    nap = 0.002

    def make_backend() -> object:
        backend = model.make_backend()
        encode = backend.encode

        def slowly(tokens: NDArray[np.float32]) -> NDArray[np.float64]:
            calls.append(len(tokens))
            time.sleep(nap)
            return encode(tokens)

        backend.encode = slowly  # type: ignore[method-assign]
        return backend

    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=3.0), 22_050)
    slow = replace(model, make_backend=make_backend)  # type: ignore[arg-type]
    answer = classify_file(slow, song, Parameters(compare=True))
    assert answer.comparison is not None
    assert calls == [1] * len(calls)
    assert answer.comparison.step_milliseconds >= 1000 * nap * len(calls)
    plain = classify_file(model, song)
    assert answer.probabilities == pytest.approx(plain.probabilities, abs=1e-5)
    assert answer.comparison.largest_difference < 1e-4


def test_the_example_says_the_genre_of_every_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=5.0), 44_100)
    listen = runpy.run_path(str(CHECKOUT / "docs" / "examples" / "listen.py"))["listen"]
    with FileSource(song) as source:
        listen(source)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 5
    seconds, _, genre, probability = lines[-1].split()
    with FileSource(song) as source:
        assert float(seconds) == pytest.approx(source.duration, abs=0.08)
    assert genre in load_model(default_weights()).config.genres
    assert 0.1 < float(probability) <= 1
