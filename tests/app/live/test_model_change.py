"""Another row, another window, another path in the middle of a stream: nothing is lost, nothing is heard twice."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from app.cli.window import first_model
from app.live.session import LiveSession
from app.stream.answerer import SMOOTHING_FRAMES, Answerer
from app.stream.family import Family, window_tokens
from app.stream.frame_reader import HeardFrame
from app.stream.front_end import compile_everything
from app.stream.kept_frames import KeptFrames
from app.stream.live_model import saved_flops
from app.stream.live_path import LivePath
from app.stream.model_in_use import WINDOW_CHOICES
from app.stream.snapshot import Snapshot
from app.stream.torch_path import TorchPath, live_model
from app.stream.weights import default_weights, family_weights
from model import Classifier, ModelConfig, history_frames, load_classifier, save_classifier, step_cost, twin_cost
from tests.app.made_music import made_music

PATIENCE = 30.0


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier(default_weights())


def log_mels(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(5).normal(-30, 12, (count, 128)).astype(np.float32)


def heard(index: int, log_mel: NDArray[np.float32]) -> HeardFrame:
    return HeardFrame(index, index * 0.0775, log_mel, -20.0, 1000, 0)


def answer_all(
    answerer: Answerer, frames: NDArray[np.float32], then: dict[int, Callable[[], None]] | None = None
) -> list[Snapshot]:
    """Frame by frame; `then` says what happens after which of them."""
    snapshots = []
    for index, frame in enumerate(frames):
        snapshots.append(answerer.answer(heard(index, frame)))
        if then is not None and index in then:
            then[index]()
        for _ in range(20):  # a busy machine hears little at a time
            answerer.catch_up()
    return snapshots


@torch.inference_mode()
def offline(classifier: Classifier, frames: NDArray[np.float32]) -> NDArray[np.float64]:
    logits, _ = classifier.steps(torch.from_numpy(frames).unsqueeze(0), classifier.init_state())
    answered: NDArray[np.float64] = torch.softmax(logits[0].double(), dim=-1).numpy()
    return answered


@pytest.mark.parametrize("seconds", [5.0, 60.0])
def test_after_a_change_of_window_the_answers_are_those_of_the_new_model_on_all_that_was_heard(
    classifier: Classifier, seconds: float
) -> None:
    model, changed = live_model(classifier), live_model(classifier.with_window(window_tokens(seconds)))
    frames = log_mels(300)
    answerer = Answerer(model)
    snapshots = answer_all(answerer, frames, {200: lambda: answerer.change(changed)})
    assert [snapshot.index for snapshot in snapshots] == list(range(300))
    taken_over = next(at for at, snapshot in enumerate(snapshots) if snapshot.model is changed.in_use)
    assert 200 < taken_over < 290
    assert all(snapshot.model is model.in_use for snapshot in snapshots[:taken_over])
    expected = offline(changed.reference(), frames)[taken_over:]
    found = np.stack([snapshot.probabilities for snapshot in snapshots[taken_over:]])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    smoothed = offline(changed.reference(), frames)[taken_over + 1 - SMOOTHING_FRAMES : taken_over + 1].mean(axis=0)
    np.testing.assert_allclose(snapshots[taken_over].smoothed, smoothed, rtol=0, atol=1e-4)
    assert snapshots[taken_over].filled == pytest.approx(min(1.0, (taken_over + 1) / changed.in_use.window))


def test_the_twin_of_the_new_model_agrees_from_its_first_answer_on(classifier: Classifier) -> None:
    answerer = Answerer(live_model(classifier))
    changed = live_model(classifier.with_window(40))
    snapshots = answer_all(answerer, log_mels(120), {60: lambda: answerer.change(changed)})
    differences = [one.difference for one in snapshots if one.model is changed.in_use and one.difference is not None]
    assert len(differences) > 5
    assert max(differences) < 1e-4


def test_more_is_kept_than_the_longest_window_needs(classifier: Classifier) -> None:
    longest = classifier.with_window(window_tokens(WINDOW_CHOICES[-1]))
    kept = KeptFrames()
    for number in range(history_frames(longest.config) + 50):
        kept.push(np.full(128, number, np.float32))
    assert kept.end - kept.first >= history_frames(longest.config)
    taken = kept.take(kept.end - 7, 100)
    assert taken[:, 0].tolist() == list(range(kept.end - 7, kept.end))


def test_only_what_was_pushed_out_of_the_ring_is_gone() -> None:
    kept = KeptFrames(capacity=10)
    for number in range(37):
        kept.push(np.full(128, number, np.float32))
    assert (kept.first, kept.end) == (27, 37)
    assert kept.take(27, 100)[:, 3].tolist() == list(range(27, 37))
    assert kept.take(30, 2)[:, 0].tolist() == [30, 31]


def test_catching_up_takes_a_little_time_after_each_frame_only(classifier: Classifier) -> None:
    calls: list[int] = []

    class Slow(TorchPath):
        def hear(self, log_mels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
            calls.append(len(log_mels))
            time.sleep(0.004 * len(log_mels))
            return super().hear(log_mels)

    slow = replace(live_model(classifier), make_path=lambda: Slow(classifier))
    answerer = Answerer(live_model(classifier))
    answer_all(answerer, log_mels(60))
    answerer.change(slow)
    answerer.catch_up()
    assert 0 < sum(calls) < 60  # it stopped in the middle
    for _ in range(60):
        answerer.catch_up()
    assert sum(calls) == 60
    assert answerer.answer(heard(60, log_mels(1)[0])).model is slow.in_use


class NamedPath(TorchPath):
    """Torch under another name."""

    name = "compiled"


def test_a_quicker_path_takes_over_in_the_middle_and_gives_the_same_answers(classifier: Classifier) -> None:
    model = live_model(classifier)
    quicker = replace(model, make_path=lambda: NamedPath(classifier))
    answerer = Answerer(model)
    frames = log_mels(200)
    snapshots = answer_all(answerer, frames, {100: lambda: answerer.change(quicker)})
    paths = [snapshot.path for snapshot in snapshots]
    assert paths == sorted(paths, reverse=True)  # "torch" first, then "compiled", and never back
    assert paths[-1] == "compiled"
    found = np.stack([snapshot.probabilities for snapshot in snapshots])
    np.testing.assert_allclose(found, offline(classifier, frames), rtol=0, atol=1e-4)


def test_saved_arithmetic_is_what_a_twin_on_so_much_sound_computes_more(classifier: Classifier) -> None:
    config = classifier.config
    assert saved_flops(config, config.window) == twin_cost(config).encoder - step_cost(config).encoder
    assert 0 < saved_flops(config, 40) < saved_flops(config, 200) < saved_flops(config, config.window)


@pytest.fixture
def weights(tmp_path: Path) -> list[Path]:
    """Two other rows, and what is none."""
    made = []
    for name, config in (
        ("softmax", ModelConfig(attention="softmax")),
        ("continual", ModelConfig(landmarks="continual")),
    ):
        made.append(tmp_path / f"nystream-{name}.safetensors")
        save_classifier(Classifier(config), made[-1])
    broken = tmp_path / "nystream-broken.safetensors"
    broken.write_text("no weights")
    return [*made, broken]


def test_rows_are_found_by_their_configuration_and_named_in_the_field_s_terms(
    classifier: Classifier, weights: list[Path]
) -> None:
    family = Family(classifier.config, lambda: classifier, [*family_weights(), *weights])
    names = [row.name for row in family.rows]
    assert names[0] == "Continual Nystr\N{LATIN SMALL LETTER O WITH DIAERESIS}m, fixed landmarks"
    assert {"Continual Transformer", names[0].replace("fixed", "continual")} <= set(names)
    assert len(names) == len(set(names))
    exact = family.rows[names.index("Continual Transformer")]
    chosen = family.choose(exact.key, 10.0)
    assert (chosen.in_use.row, chosen.config.attention, chosen.in_use.window) == (exact, "softmax", 129)


def test_every_offered_window_can_be_had_and_the_model_s_own_is_among_them(classifier: Classifier) -> None:
    family = Family(classifier.config, lambda: classifier)
    assert set(WINDOW_CHOICES) == set(family.windows)
    for seconds in family.windows:
        assert family.choose("", seconds).in_use.window_seconds == pytest.approx(seconds, abs=0.05)
    odd = Family(classifier.with_window(100).config, lambda: classifier.with_window(100))
    assert [round(seconds, 2) for seconds in odd.windows if window_tokens(seconds) == 100] == [7.75]


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Drained(list[Snapshot]):
    """All that a session has given so far."""

    def __init__(self, session: LiveSession) -> None:
        super().__init__()
        self._session = session

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until it holds, after at least one snapshot."""

        def holds() -> bool:
            self.extend(self._session.drain())
            return len(self) > 0 and condition()

        wait(holds)


def test_a_session_changes_row_and_window_while_a_file_plays(
    classifier: Classifier, weights: list[Path], tmp_path: Path
) -> None:
    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=60.0), 22_050)
    session = LiveSession(live_model(classifier), speed=4.0, other_weights=weights)
    drained = Drained(session)
    session.play(song)
    drained.wait(lambda: len(drained) > 10)
    exact = next(row for row in session.rows if row.name == "Continual Transformer")
    session.choose_model(exact.key, 5.0)
    drained.wait(lambda: drained[-1].model is session.model is not drained[0].model)
    assert (session.model.row, session.model.window) == (exact, 65)
    assert session.model_problem == ""
    weights[1].unlink()
    gone = next(row for row in session.rows if "continual landmarks" in row.name)
    session.choose_model(gone.key, 5.0)
    wait(lambda: bool(session.model_problem))
    assert "choose another" in session.model_problem
    assert session.model.row is exact
    assert session.close()
    drained += session.drain()
    assert [snapshot.index for snapshot in drained] == list(range(len(drained)))


def test_a_session_begins_with_torch_and_goes_on_with_what_is_quicker(classifier: Classifier, tmp_path: Path) -> None:
    compiled = threading.Event()

    def quicken(given: Classifier) -> Callable[[], LivePath]:
        compiled.wait(PATIENCE)
        return lambda: NamedPath(given)

    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=60.0), 22_050)
    session = LiveSession(live_model(classifier), speed=4.0, quicken=quicken)
    session.complete()
    drained = Drained(session)
    session.play(song)
    drained.wait(lambda: len(drained) > 5)
    assert {snapshot.path for snapshot in drained} == {"torch"}
    compiled.set()
    drained.wait(lambda: drained[-1].path == "compiled")
    assert session.close()


def test_what_cannot_be_made_quicker_goes_on_as_it_is(classifier: Classifier, tmp_path: Path) -> None:
    asked = threading.Event()

    def fail(_given: Classifier) -> Callable[[], LivePath]:
        asked.set()
        raise RuntimeError("no compiler")

    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=3.0), 22_050)
    session = LiveSession(live_model(classifier), speed=math.inf, quicken=fail)
    session.complete()
    assert asked.wait(PATIENCE)
    session.play(song)
    wait(lambda: session.state.phase == "ended")
    assert {snapshot.path for snapshot in session.drain()} == {"torch"}


def test_a_session_begins_without_torch_s_twin_and_gets_it_while_sound_goes_on(tmp_path: Path) -> None:
    compile_everything()
    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=60.0), 22_050)
    session = LiveSession(first_model(default_weights()), speed=4.0)
    drained = Drained(session)
    session.play(song)
    drained.wait(lambda: len(drained) > 20)
    assert all(snapshot.twin_probabilities is None and snapshot.twin_every == 0 for snapshot in drained)
    session.complete()
    drained.wait(lambda: drained[-1].twin_probabilities is not None)
    assert session.close()
    drained += session.drain()
    assert [snapshot.index for snapshot in drained] == list(range(len(drained)))
    assert {snapshot.path for snapshot in drained} == {"compiled"}
    assert all(snapshot.model is session.model for snapshot in drained)  # nothing is said to have changed
    differences = [snapshot.difference for snapshot in drained if snapshot.difference is not None]
    assert max(differences) < 1e-4


def test_a_first_model_gets_its_twin_also_after_a_choice_that_could_not_be_had(
    classifier: Classifier, weights: list[Path]
) -> None:
    compile_everything()
    session = LiveSession(first_model(default_weights()), speed=math.inf, other_weights=weights)
    weights[1].unlink()
    gone = next(row for row in session.rows if "continual landmarks" in row.name)
    session.choose_model(gone.key, 5.0)
    wait(lambda: bool(session.model_problem))
    session.demo()
    drained = Drained(session)
    drained.wait(lambda: drained[-1].twin_probabilities is not None)
    assert session.close()


def test_all_rows_are_timed_while_one_of_them_answers(classifier: Classifier) -> None:
    compile_everything()
    session = LiveSession(live_model(classifier), other_weights=family_weights())
    assert session.row_steps is None
    session.measure_rows(60.0)
    session.measure_rows(5.0)  # the first one is not done yet
    wait(lambda: session.row_steps is not None)
    assert session.row_steps is not None
    assert session.row_steps.window_seconds == 60.0
    assert set(session.row_steps.nanoseconds) == {row.key for row in session.rows}
    assert all(1e3 < nanoseconds < 1e8 for nanoseconds in session.row_steps.nanoseconds.values())
    first = session.row_steps
    session.measure_rows(5.0)
    wait(lambda: session.row_steps is not first)
    assert session.row_steps.window_seconds == 5.0


def test_rows_that_cannot_be_loaded_are_left_out_of_the_comparison(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "later gone.safetensors"
    save_classifier(Classifier(replace(classifier.config, attention="softmax")), path)
    session = LiveSession(live_model(classifier), other_weights=[path])
    path.unlink()
    session.measure_rows(30.0)
    wait(lambda: session.row_steps is not None)
    assert session.row_steps is not None
    assert set(session.row_steps.nanoseconds) == {""}
