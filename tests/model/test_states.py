"""States: what a stream remembers, and what is refused before anything is changed."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest
import torch

from model import Classifier, ClassifierState, ModelConfig, WindowTwin
from tests.model.conftest import SMALL, music, small_classifier
from tests.model.family import FAMILY
from tests.own_process import run_python

KINDS = {name: config for name, config in FAMILY.items() if not config.positions}
every_kind = pytest.mark.parametrize("config", KINDS.values(), ids=KINDS.keys())

# --- a state is a value: copied, stored, sent


def saved(state: Any) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def loaded(stored: bytes) -> Any:
    return torch.load(io.BytesIO(stored), weights_only=True)


def same(state: Any) -> Any:
    return state


WAYS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "clone": (ClassifierState.clone, same),
    "deepcopy": (copy.deepcopy, same),
    "pickle": (pickle.dumps, pickle.loads),
    "torch.save": (saved, loaded),
    "sent to another process": (ForkingPickler.dumps, pickle.loads),  # torch sends memory that both may write to
}


def fold(classifier: Classifier, frames: torch.Tensor, state: ClassifierState) -> tuple[torch.Tensor, ClassifierState]:
    answers = []
    for frame in frames.unbind(1):
        logits, state = classifier.step(frame, state)
        answers.append(logits)
    return torch.stack(answers, dim=1), state


@every_kind
@pytest.mark.parametrize("way", WAYS)
def test_however_a_state_is_copied_or_stored_its_answers_are_equal_to_the_bit(way: str, config: ModelConfig) -> None:
    """Also when the one that it was made of goes on meanwhile."""
    store, restore = WAYS[way]
    classifier, frames = small_classifier(torch.float32, config), music(2, 40, config, torch.float32)
    expected, _ = fold(classifier, frames, classifier.init_state(2))
    _, state = fold(classifier, frames[:, :20], classifier.init_state(2))
    stored = store(state)
    fold(classifier, -frames[:, :13], state)
    answers, _ = fold(classifier, frames[:, 20:], restore(stored))
    torch.testing.assert_close(answers, expected[:, 20:], rtol=0, atol=0)


def test_a_state_on_disk_goes_on_in_another_process_and_a_twins_too(tmp_path: Path) -> None:
    classifier, frames = small_classifier(torch.float32), music(1, 40, dtype=torch.float32)
    _, state = fold(classifier, frames[:, :30], classifier.init_state())
    torch.save(state, tmp_path / "state")
    twin = WindowTwin(classifier.encoder)
    tokens, _ = classifier.tokenizer.steps(frames, classifier.tokenizer.init_state())
    twin_state = twin.push(tokens[:, :30], twin.init_state())
    (tmp_path / "twin").write_bytes(pickle.dumps(twin_state))
    code = """
import pickle, sys, torch
from pathlib import Path
from tests.model.conftest import music, small_classifier
from tests.model.test_states import fold
folder, classifier = Path(sys.argv[1]), small_classifier(torch.float32)
answers, _ = fold(classifier, music(1, 40, dtype=torch.float32)[:, 30:], torch.load(folder / "state"))
torch.save((answers, pickle.loads((folder / "twin").read_bytes())), folder / "answers")
"""
    run_python(code, str(tmp_path))
    answers, sent_twin = torch.load(tmp_path / "answers")
    torch.testing.assert_close(answers, fold(classifier, frames[:, 30:], state)[0], rtol=0, atol=0)
    torch.testing.assert_close(twin.answer(sent_twin), twin.answer(twin_state), rtol=0, atol=0)


def test_a_shallow_copy_is_refused_once_the_other_has_gone_on(classifier: Classifier) -> None:
    frames = music(1, 5)
    _, state = fold(classifier, frames, classifier.init_state())
    shallow = copy.copy(state)
    classifier.step(frames[:, 0], state)
    with pytest.raises(ValueError, match="stepped"):
        classifier.step(frames[:, 0], shallow)


# --- where a state is made, and where it goes on

MODES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "gradients": torch.enable_grad,
    "inference": torch.inference_mode,
}


@every_kind
@pytest.mark.parametrize(("begins", "ends"), [("gradients", "inference"), ("inference", "gradients")])
def test_a_state_of_a_trainable_model_goes_on_in_every_mode_of_torch(
    begins: str, ends: str, config: ModelConfig
) -> None:
    classifier, frames = small_classifier(torch.float32, config).requires_grad_(True), music(1, 40, dtype=torch.float32)
    expected, _ = fold(classifier, frames, classifier.init_state())
    assert not expected.requires_grad
    with MODES[begins]():
        _, state = fold(classifier, frames[:, :15], classifier.init_state())
        state = loaded(saved(state.clone()))
    with MODES[ends]():
        answers, state = fold(classifier, frames[:, 15:30], state)
        last, _ = classifier.steps(frames[:, 30:], state)
    torch.testing.assert_close(answers, expected[:, 15:30], rtol=0, atol=0)
    torch.testing.assert_close(last, expected[:, 30:], rtol=0, atol=1e-4)
    assert not last.requires_grad
    assert classifier(frames).requires_grad


# --- what is refused, before anything is changed


def test_a_state_that_was_stepped_is_refused_and_its_clone_is_not(classifier: Classifier) -> None:
    frames = music(1, 5)
    _, state = classifier.steps(frames, classifier.init_state())
    kept = state.clone()
    first, _ = classifier.step(frames[:, 0], state)
    with pytest.raises(ValueError, match="stepped"):
        classifier.step(frames[:, 0], state)
    again, _ = classifier.step(frames[:, 0], kept)
    torch.testing.assert_close(again, first, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (torch.zeros(1, 15, dtype=torch.float64), "16 bands"),
        (torch.zeros(1, 16, dtype=torch.float32), "float32"),
        (torch.zeros(2, 16, dtype=torch.float64), "2 streams"),
        (torch.zeros(16, dtype=torch.float64), "shape"),
    ],
)
def test_a_wrong_frame_is_refused_and_the_state_goes_on_unharmed(
    classifier: Classifier, frame: torch.Tensor, message: str
) -> None:
    frames = music(1, 6)
    _, state = classifier.steps(frames[:, :5], classifier.init_state())
    with pytest.raises(ValueError, match=message):
        classifier.step(frame, state)
    logits, _ = classifier.step(frames[:, 5], state)
    torch.testing.assert_close(logits, classifier(frames)[:, 5])


@every_kind
def test_the_state_of_a_model_with_other_weights_is_refused_and_goes_on_unharmed(config: ModelConfig) -> None:
    classifier, frames = small_classifier(config=config), music(1, 20)
    other = copy.deepcopy(classifier)
    expected, _ = fold(classifier, frames, classifier.init_state())
    _, state = fold(classifier, frames[:, :10], classifier.init_state())
    fold(other, frames[:, 10:], state.clone())  # the same weights in another place
    with torch.no_grad():
        other.get_parameter("encoder.blocks.0.attention.query_key_value.weight")[0, 0] += 1.0
    for stranger in (state, state.clone(), pickle.loads(pickle.dumps(state))):
        with pytest.raises(ValueError, match="other weights"):
            other.step(frames[:, 10], stranger)
    answers, _ = fold(classifier, frames[:, 10:], state)
    torch.testing.assert_close(answers, expected[:, 10:], rtol=0, atol=0)


def test_the_state_of_another_model_is_refused(classifier: Classifier) -> None:
    other = small_classifier(config=replace(SMALL, window=12))
    with pytest.raises(ValueError, match="window"):
        classifier.step(music(1, 1)[:, 0], other.init_state())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"landmark_count": 12}, "12 landmarks"),
        ({"landmark_count": 0}, "landmark_count is 0"),
        ({"landmarks": "some"}, "expected one of fixed, continual"),
        ({"attention": "linear"}, "expected one of softmax, nystrom, gaussian"),
        ({"stacking": "retroactive"}, "defined for 2"),
        ({"positions": 10}, "at least 11"),
        ({"heads": 5}, "5 heads"),
        ({"rotary": True}, "fixed landmarks"),
        ({"rotary": True, "heads": 8, "landmarks": "continual"}, "3 wide"),
        ({"stem_dilations": (1, 2)}, "3 stem channels"),
        ({"bands": 0}, "bands"),
        ({"dropout": 1.0}, "dropout"),
        ({"inverse_ridge": 0.0}, "inverse_ridge"),
        ({"genres": ("jazz",)}, "genres"),
        ({"genres": ("jazz", "\x1b[2Jpop")}, "control characters"),
        ({"genres": ("jazz", "jazz")}, "each once"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **change)  # type: ignore[arg-type]


def test_a_configuration_survives_json_and_unknown_fields_do_not() -> None:
    assert ModelConfig.from_json(SMALL.to_json()) == SMALL
    with pytest.raises(ValueError, match="colour"):
        ModelConfig.from_json(SMALL.to_json().replace('"bands"', '"colour"'))


# --- nothing to hear, nobody who hears


@every_kind
@pytest.mark.parametrize(("batch", "length"), [(2, 0), (0, 4), (0, 0)])
def test_no_frames_and_no_streams_have_no_answers(batch: int, length: int, config: ModelConfig) -> None:
    classifier, frames = small_classifier(config=config), music(2, 20)
    _, state = classifier.steps(frames[:batch, :15], classifier.init_state(batch))
    nothing, state = classifier.steps(frames[:batch, :length], state)
    assert nothing.shape == classifier(frames[:batch, :length]).shape == (batch, length, 3)
    answers, _ = fold(classifier, frames[:batch, 15:], state)
    torch.testing.assert_close(answers, classifier(frames[:batch])[:, 15:], rtol=0, atol=1e-9)
    tokens = torch.zeros(batch, 0, config.width, dtype=torch.float64)
    assert classifier.encoder(tokens).shape == (batch, 0, 3)
    for block in classifier.encoder._blocks():
        assert block(tokens).shape == tokens.shape
    with pytest.raises(ValueError, match="no token has been heard"):
        WindowTwin(classifier.encoder).answer(WindowTwin(classifier.encoder).init_state(batch))


@pytest.mark.parametrize("frames", [torch.zeros(1, 4, 15, dtype=torch.float64), torch.zeros(1, 4, 16), torch.zeros(16)])
def test_a_whole_stream_of_wrong_frames_is_refused_in_a_sentence(classifier: Classifier, frames: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"frames (have shape|are torch)"):
        classifier(frames)
