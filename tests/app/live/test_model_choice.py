"""Another model, window or backend in the middle of a stream: nothing is lost, nothing is answered twice."""

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

from app.live.answering import SMOOTHING_FRAMES, Answerer
from app.live.model_choice import ModelChooser
from app.live.session import LiveSession
from app.stream.backend import compile_everything
from app.stream.frames import RING_FRAMES, FrameRing, Frames
from app.stream.models import Model, load_model, saved_flops, torch_model, window_tokens
from app.stream.snapshot import WINDOW_CHOICES, Snapshot
from app.stream.torch_backend import TorchBackend
from app.stream.weights import default_weights, family_weights
from audio import BANDS
from model import Classifier, ModelConfig, history_frames, load_classifier, save_classifier, step_cost, twin_cost
from tests.app.made_music import made_music

PATIENCE = 30.0


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier(default_weights())


def log_mels(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(5).normal(-30, 12, (count, BANDS)).astype(np.float32)


def heard(index: int, log_mel: NDArray[np.float32]) -> Frames:
    return Frames(index, np.array([index * 0.0775]), log_mel[np.newaxis], -20.0, 0, 1000)


class Wish:
    """The model that is to answer."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __call__(self) -> Model:
        return self.model

    def change(self, model: Model) -> None:
        self.model = model


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
    model, changed = torch_model(classifier), torch_model(classifier.with_window(window_tokens(seconds)))
    frames = log_mels(300)
    wish = Wish(model)
    snapshots = answer_all(Answerer(wish), frames, {200: lambda: wish.change(changed)})
    assert [snapshot.index for snapshot in snapshots] == list(range(300))
    taken_over = next(at for at, snapshot in enumerate(snapshots) if snapshot.model is changed.description)
    assert 200 < taken_over < 290
    assert all(snapshot.model is model.description for snapshot in snapshots[:taken_over])
    expected = offline(changed.classifier(), frames)[taken_over:]
    found = np.stack([snapshot.probabilities for snapshot in snapshots[taken_over:]])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    smoothed = offline(changed.classifier(), frames)[taken_over + 1 - SMOOTHING_FRAMES : taken_over + 1].mean(axis=0)
    np.testing.assert_allclose(snapshots[taken_over].smoothed, smoothed, rtol=0, atol=1e-4)
    assert snapshots[taken_over].filled == pytest.approx(min(1.0, (taken_over + 1) / changed.description.window))


def test_the_twin_of_the_new_model_agrees_from_its_first_answer_on(classifier: Classifier) -> None:
    wish, changed = Wish(torch_model(classifier)), torch_model(classifier.with_window(40))
    snapshots = answer_all(Answerer(wish), log_mels(120), {60: lambda: wish.change(changed)})
    differences = [
        one.difference for one in snapshots if one.model is changed.description and one.difference is not None
    ]
    assert len(differences) > 5
    assert max(differences) < 1e-4


def test_more_is_kept_than_the_longest_window_needs(classifier: Classifier) -> None:
    longest = classifier.with_window(window_tokens(WINDOW_CHOICES[-1]))
    kept = FrameRing(RING_FRAMES, BANDS)
    for number in range(history_frames(longest.config) + 50):
        kept.push(np.full((1, BANDS), number, np.float32))
    assert kept.end - kept.first >= history_frames(longest.config)
    assert kept.until(kept.end, 7)[:, 0].tolist() == list(range(kept.end - 7, kept.end))


def test_only_what_was_pushed_out_of_the_ring_is_gone() -> None:
    kept = FrameRing(10, BANDS)
    for number in range(37):
        kept.push(np.full((1, BANDS), number, np.float32))
    assert (kept.first, kept.end) == (27, 37)
    assert kept.until(37, 10)[:, 3].tolist() == list(range(27, 37))
    assert kept.until(32, 2)[:, 0].tolist() == [30, 31]


def test_catching_up_takes_a_little_time_after_each_frame_only(classifier: Classifier) -> None:
    calls: list[int] = []

    class Slow(TorchBackend):
        def tokenize(self, log_mels: NDArray[np.float32]) -> NDArray[np.float32]:
            calls.append(len(log_mels))
            time.sleep(0.004 * len(log_mels))
            return super().tokenize(log_mels)

    slow = replace(torch_model(classifier), make_backend=lambda: Slow(classifier))
    wish = Wish(torch_model(classifier))
    answerer = Answerer(wish)
    answer_all(answerer, log_mels(60))
    wish.change(slow)
    answerer.catch_up()
    assert 0 < sum(calls) < 60  # it stopped in the middle
    for _ in range(60):
        answerer.catch_up()
    assert sum(calls) == 60
    assert answerer.answer(heard(60, log_mels(1)[0])).model is slow.description


class NamedBackend(TorchBackend):
    """Torch under another name."""

    name = "compiled"


def test_a_faster_backend_takes_over_in_the_middle_and_gives_the_same_answers(classifier: Classifier) -> None:
    model = torch_model(classifier)
    faster = replace(model, make_backend=lambda: NamedBackend(classifier))
    wish = Wish(model)
    frames = log_mels(200)
    snapshots = answer_all(Answerer(wish), frames, {100: lambda: wish.change(faster)})
    backends = [snapshot.backend for snapshot in snapshots]
    assert backends == sorted(backends, reverse=True)  # "torch" first, then "compiled", and never back
    assert backends[-1] == "compiled"
    found = np.stack([snapshot.probabilities for snapshot in snapshots])
    np.testing.assert_allclose(found, offline(classifier, frames), rtol=0, atol=1e-4)


def test_saved_arithmetic_is_what_a_twin_on_so_much_sound_computes_more(classifier: Classifier) -> None:
    config = classifier.config
    assert saved_flops(config, config.window) == twin_cost(config).encoder - step_cost(config).encoder
    assert 0 < saved_flops(config, 40) < saved_flops(config, 200) < saved_flops(config, config.window)


@pytest.fixture
def weights(tmp_path: Path) -> list[Path]:
    """Two other models, and what is none."""
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


def test_models_are_found_by_their_configuration_and_named_in_the_field_s_terms(
    classifier: Classifier, weights: list[Path]
) -> None:
    family = ModelChooser(torch_model(classifier), [*family_weights(), *weights])
    names = [choice.name for choice in family.choices]
    assert names[0] == "Continual Nystr\N{LATIN SMALL LETTER O WITH DIAERESIS}m, fixed landmarks"
    assert {"Continual Transformer", names[0].replace("fixed", "continual")} <= set(names)
    assert len(names) == len(set(names))
    exact = family.choices[names.index("Continual Transformer")]
    chosen = family.load(exact.key, 10.0)
    assert (chosen.description.choice, chosen.config.attention, chosen.description.window) == (exact, "softmax", 129)


def test_every_offered_window_can_be_had_and_the_model_s_own_is_among_them(classifier: Classifier) -> None:
    family = ModelChooser(torch_model(classifier))
    assert set(WINDOW_CHOICES) == set(family.windows)
    for seconds in family.windows:
        assert family.load("", seconds).description.window_seconds == pytest.approx(seconds, abs=0.05)
    odd = ModelChooser(torch_model(classifier.with_window(100)))
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


def test_a_session_changes_model_and_window_while_a_file_plays(
    classifier: Classifier, weights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.model_choice.compile_model", lambda _model: None)  # no choice waits for a compiler
    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=60.0), 22_050)
    session = LiveSession(ModelChooser(torch_model(classifier), weights), speed=4.0)
    drained = Drained(session)
    session.play(song)
    drained.wait(lambda: len(drained) > 10)
    exact = next(choice for choice in session.models.choices if choice.name == "Continual Transformer")
    session.models.choose(exact.key, 5.0)
    drained.wait(lambda: drained[-1].model is session.models.description is not drained[0].model)
    assert (session.models.description.choice, session.models.description.window) == (exact, 65)
    assert session.models.problem == ""
    weights[1].unlink()
    gone = next(choice for choice in session.models.choices if "continual landmarks" in choice.name)
    session.models.choose(gone.key, 5.0)
    wait(lambda: bool(session.models.problem))
    assert "choose another" in session.models.problem
    assert session.models.description.choice is exact
    assert session.close()
    drained += session.drain()
    assert [snapshot.index for snapshot in drained] == list(range(len(drained)))


def test_a_session_begins_with_torch_and_goes_on_with_what_is_faster(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = threading.Event()

    def compile_model(model: Model) -> Model:
        compiled.wait(PATIENCE)
        return replace(model, make_backend=lambda: NamedBackend(classifier))

    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=60.0), 22_050)
    monkeypatch.setattr("app.live.model_choice.compile_model", compile_model)
    session = LiveSession(ModelChooser(torch_model(classifier)), speed=4.0)
    session.models.complete()
    drained = Drained(session)
    session.play(song)
    drained.wait(lambda: len(drained) > 5)
    assert {snapshot.backend for snapshot in drained} == {"torch"}
    compiled.set()
    drained.wait(lambda: drained[-1].backend == "compiled")
    assert session.close()


def test_what_cannot_be_compiled_goes_on_as_it_is(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def fail(_model: Model) -> Model:
        asked.set()
        raise RuntimeError("no compiler")

    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=3.0), 22_050)
    monkeypatch.setattr("app.live.model_choice.compile_model", fail)
    session = LiveSession(ModelChooser(torch_model(classifier)), speed=math.inf)
    session.models.complete()
    assert asked.wait(PATIENCE)
    session.play(song)
    wait(lambda: session.state.phase == "ended")
    assert {snapshot.backend for snapshot in session.drain()} == {"torch"}


def test_a_session_begins_without_torch_s_twin_and_gets_it_while_sound_goes_on(tmp_path: Path) -> None:
    compile_everything()
    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=60.0), 22_050)
    session = LiveSession(ModelChooser(load_model(default_weights())), speed=4.0)
    drained = Drained(session)
    session.play(song)
    drained.wait(lambda: len(drained) > 20)
    assert all(snapshot.twin_probabilities is None and snapshot.twin_every == 0 for snapshot in drained)
    session.models.complete()
    drained.wait(lambda: drained[-1].twin_probabilities is not None)
    assert session.close()
    drained += session.drain()
    assert [snapshot.index for snapshot in drained] == list(range(len(drained)))
    assert {snapshot.backend for snapshot in drained} == {"compiled"}
    assert all(snapshot.model is session.models.description for snapshot in drained)  # nothing is said to have changed
    differences = [snapshot.difference for snapshot in drained if snapshot.difference is not None]
    assert max(differences) < 1e-4


def test_a_first_model_gets_its_twin_also_after_a_choice_that_could_not_be_had(
    classifier: Classifier, weights: list[Path]
) -> None:
    compile_everything()
    session = LiveSession(ModelChooser(load_model(default_weights()), weights), speed=math.inf)
    weights[1].unlink()
    gone = next(choice for choice in session.models.choices if "continual landmarks" in choice.name)
    session.models.choose(gone.key, 5.0)
    wait(lambda: bool(session.models.problem))
    session.demo()
    drained = Drained(session)
    drained.wait(lambda: drained[-1].twin_probabilities is not None)
    assert session.close()


def test_all_models_are_timed_while_one_of_them_answers(classifier: Classifier) -> None:
    compile_everything()
    session = LiveSession(ModelChooser(torch_model(classifier), family_weights()))
    assert session.models.steps is None
    session.models.measure(60.0)
    session.models.measure(5.0)  # the first one is not done yet
    wait(lambda: session.models.steps is not None)
    assert session.models.steps is not None
    assert session.models.steps.window_seconds == 60.0
    assert set(session.models.steps.nanoseconds) == {choice.key for choice in session.models.choices}
    assert all(1e3 < nanoseconds < 1e8 for nanoseconds in session.models.steps.nanoseconds.values())
    first = session.models.steps
    session.models.measure(5.0)
    wait(lambda: session.models.steps is not first)
    assert session.models.steps.window_seconds == 5.0


def test_models_that_cannot_be_loaded_are_left_out_of_the_comparison(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "later gone.safetensors"
    save_classifier(Classifier(replace(classifier.config, attention="softmax")), path)
    session = LiveSession(ModelChooser(torch_model(classifier), [path]))
    path.unlink()
    session.models.measure(30.0)
    wait(lambda: session.models.steps is not None)
    assert session.models.steps is not None
    assert set(session.models.steps.nanoseconds) == {""}


def test_what_the_twin_takes_with_a_full_window_is_known_before_it_is_full(classifier: Classifier) -> None:
    chooser = ModelChooser(torch_model(classifier))
    taken = []
    for seconds in (5.0, 120.0):
        chooser.choose("", seconds)
        deadline = time.monotonic() + PATIENCE
        while (found := chooser.full_twin) is None or round(found.window_seconds) != seconds:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        taken.append(found.nanoseconds[""])
    assert taken[1] > 3 * taken[0] > 0


def test_models_of_other_genres_are_not_offered(classifier: Classifier, tmp_path: Path) -> None:
    names = ("polka", "演歌")
    for genres, attention in ((names, "softmax"), (classifier.config.genres, "softmax"), (names, "nystrom")):
        other = Classifier(replace(classifier.config, genres=genres, attention=attention, landmarks="continual"))
        save_classifier(other, tmp_path / f"{attention} {len(genres)}.safetensors")
    offered = [
        Path(choice.key).stem for choice in ModelChooser(torch_model(classifier), sorted(tmp_path.iterdir())).choices
    ]
    assert offered == ["", "softmax 10"]
