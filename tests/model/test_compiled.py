"""The compiled classifier is the torch one: at every frame, for every row that it covers, at any scale, for ever."""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model import (
    Classifier,
    ModelConfig,
    WeightsError,
    WindowTwin,
    probabilities,
    round_weights,
    save_classifier,
)
from model.compiled.classifier import CompiledClassifier
from model.compiled.prepare import NotCoveredError
from tests.model.conftest import SMALL, music, small_classifier
from tests.model.test_laws import INVALID

CLOSE = 1e-5  # in probability
COVERED: dict[str, dict[str, Any]] = {
    "fixed landmarks": {},
    "softmax": {"attention": "softmax"},
    "three blocks": {"blocks": 3},
    "softmax, two blocks, gelu": {"attention": "softmax", "blocks": 2, "activation": "gelu"},
    "post-norm, positions, relu": {"norm": "post", "positions": 13, "activation": "relu"},
    "newton-schulz": {"inverse": "newton-schulz"},
    "pinv, one head, a window of one": {"inverse": "pinv", "heads": 1, "window": 1, "landmark_count": 1},
    "continual landmarks": {"landmarks": "continual"},
    "continual landmarks, two blocks": {"landmarks": "continual", "blocks": 2, "landmark_count": 4},
    "a landmark of every token, one head": {"landmarks": "continual", "heads": 1, "window": 5, "landmark_count": 5},
    "rounded weights": {"width": 32, "heads": 2, "feed_forward": 64, "stem_channels": (3, 4, 8)},
    "rounded weights, two blocks, post-norm": {
        "width": 64,
        "heads": 4,
        "feed_forward": 32,
        "stem_channels": (4,),
        "stem_dilations": (1,),
        "blocks": 2,
        "norm": "post",
    },
    "rounded weights, softmax": {"attention": "softmax", "width": 32, "heads": 1, "feed_forward": 96},
    "sizes that no vector fits": {"width": 15, "heads": 5, "feed_forward": 7, "landmark_count": 3},
}
every_covered = pytest.mark.parametrize(
    "config", [replace(SMALL, **change) for change in COVERED.values()], ids=COVERED.keys()
)


def compiled_from(classifier: Classifier, halves: bool = True) -> CompiledClassifier:
    tensors = {name: tensor.detach().numpy().copy() for name, tensor in classifier.state_dict().items()}
    return CompiledClassifier(classifier.config, tensors, halves)


def rounded_classifier(config: ModelConfig) -> Classifier:
    """As training leaves it. Where the sizes fit, the compiled path stores halves."""
    classifier = small_classifier(torch.float32, config)
    round_weights(classifier)
    return classifier


def steps_in_torch(classifier: Classifier, frames: torch.Tensor) -> NDArray[np.float32]:
    """(1, T, bands) -> probabilities (T, genres), step by step."""
    state, answers = classifier.init_state(), []
    with torch.inference_mode():
        for frame in frames.unbind(1):
            logits, state = classifier.step(frame, state)
            answers.append(probabilities(logits)[0].numpy())
    return np.stack(answers)


def hear(compiled: CompiledClassifier, frames: NDArray[np.float32], chunk: int) -> NDArray[np.float32]:
    state = compiled.init_state()
    starts = range(0, len(frames), chunk)
    return np.concatenate(
        [compiled.encode(compiled.tokenize(frames[start : start + chunk], state), state) for start in starts]
    )


@every_covered
def test_every_frame_is_answered_as_the_torch_step_does(config: ModelConfig) -> None:
    classifier = rounded_classifier(config)
    frames = music(1, 90, config, torch.float32)
    answers = hear(compiled_from(classifier), frames[0].numpy(), chunk=1)
    np.testing.assert_allclose(answers, steps_in_torch(classifier, frames), rtol=0, atol=CLOSE)


@every_covered
def test_any_chunking_gives_the_same_bits(config: ModelConfig) -> None:
    compiled = compiled_from(rounded_classifier(config))
    frames = music(1, 60, config, torch.float32)[0].numpy()
    one_by_one = hear(compiled, frames, chunk=1)
    for chunk in (7, 60):
        np.testing.assert_array_equal(hear(compiled, frames, chunk), one_by_one)


@pytest.mark.parametrize("count", [2, 3, 11, 50])
def test_any_number_of_genres_is_covered(count: int) -> None:
    config = replace(SMALL, genres=tuple(f"genre {number}" for number in range(count)))
    classifier, frames = rounded_classifier(config), music(1, 20, config, torch.float32)
    answers = hear(compiled_from(classifier), frames[0].numpy(), chunk=1)
    np.testing.assert_allclose(answers, steps_in_torch(classifier, frames), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("rounded", [False, True])
def test_the_reference_size_is_covered_too(rounded: bool) -> None:
    config = ModelConfig(window=387, width=192, heads=8, feed_forward=384, landmark_count=16)
    classifier = rounded_classifier(config) if rounded else small_classifier(torch.float32, config)
    compiled = compiled_from(classifier)
    assert compiled.sizes.halves == compiled.tokenizing.halves == rounded
    frames = music(1, 450, config, torch.float32)
    answers = hear(compiled, frames[0].numpy(), chunk=450)
    np.testing.assert_allclose(answers, steps_in_torch(classifier, frames), rtol=0, atol=CLOSE)


@every_covered
def test_halves_are_stored_where_sizes_fit_and_answer_as_whole_weights_do(config: ModelConfig) -> None:
    classifier = rounded_classifier(config)
    compiled, whole = compiled_from(classifier), compiled_from(classifier, halves=False)
    assert compiled.sizes.halves == (config.width % 32 == config.feed_forward % 32 == 0)
    assert compiled.tokenizing.halves == (config.width % 32 == config.stem_features % 4 == 0)
    assert whole.sizes.halves == whole.tokenizing.halves == 0
    frames = music(1, 60, config, torch.float32)[0].numpy()
    np.testing.assert_allclose(hear(compiled, frames, 60), hear(whole, frames, 60), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("layer", ["tokenizer.projection", "encoder.blocks.1.narrow"])
def test_a_weight_with_one_digit_more_is_stored_whole(layer: str) -> None:
    classifier = rounded_classifier(replace(SMALL, **COVERED["rounded weights, two blocks, post-norm"]))
    with torch.no_grad():
        classifier.get_parameter(f"{layer}.weight")[3, 2] = 1.0 + 2.0**-8
    compiled = compiled_from(classifier)
    assert compiled.tokenizing.halves == ("tokenizer" not in layer)
    assert compiled.sizes.halves == ("encoder" not in layer)


def test_two_streams_on_one_model_do_not_touch() -> None:
    compiled = compiled_from(small_classifier(torch.float32))
    frames = music(2, 30, dtype=torch.float32).numpy()
    alone = [hear(compiled, stream, chunk=1) for stream in frames]
    states = [compiled.init_state() for _ in frames]
    for t in range(30):
        for stream, state, expected in zip(frames, states, alone, strict=True):
            answer = compiled.encode(compiled.tokenize(stream[t : t + 1], state), state)
            np.testing.assert_array_equal(answer[0], expected[t])


@every_covered
def test_what_is_no_number_is_silence_or_a_token_of_zeros_as_in_torch(config: ModelConfig) -> None:
    """Fast arithmetic knows no NaN: one that came in stayed for minutes."""
    compiled = compiled_from(rounded_classifier(config))
    frames = music(1, 60, config, torch.float32)[0].numpy()
    tokens = compiled.tokenize(frames, compiled.init_state())
    for rows, instead in ((frames, -100.0), (tokens, 0.0)):
        replaced = rows.copy()
        for t, place, value in INVALID:
            rows[t, place], replaced[t] = value, instead
        given = rows.copy()
        if rows is frames:
            answers, expected = hear(compiled, rows, 1), hear(compiled, replaced, 1)
        else:
            answers, expected = (compiled.encode(each, compiled.init_state()) for each in (rows, replaced))
        assert np.isfinite(answers).all()
        np.testing.assert_array_equal(answers, expected)
        np.testing.assert_array_equal(rows, given)


# --- numbers stay true


def loud_classifier(scale: float, **change: Any) -> Classifier:
    """Logits of attention have a standard deviation of about `scale` for tokens of unit scale."""
    classifier = small_classifier(torch.float32, replace(SMALL, norm="post", window=50, **change))
    d = classifier.config.width
    with torch.no_grad():
        for block in classifier.encoder.blocks:
            weight = block.get_parameter("attention.query_key_value.weight")
            weight[: 2 * d] /= weight[: 2 * d].norm(dim=1, keepdim=True)
            weight[d : 2 * d] *= scale
    return classifier


def largest_error(classifier: Classifier, steps: int, bursts: bool, checked_every: int) -> float:
    """Of `steps` compiled steps, beside the window computed from nothing in float64 now and then."""
    compiled = compiled_from(classifier)
    exact = copy.deepcopy(classifier.encoder).double()
    landmarks, state = exact.prepare(1), compiled.init_state()
    random, width = np.random.default_rng(0), classifier.config.width
    past, largest = np.zeros((0, width), np.float32), 0.0
    while state.position < steps:
        tokens = random.normal(size=(checked_every, width)).astype(np.float32)
        if bursts:
            tokens *= np.where(random.random((checked_every, 1)) < 0.02, 1.0, 0.03).astype(np.float32)
        answers = compiled.encode(tokens, state)
        assert np.isfinite(answers).all()
        past = np.concatenate([past, tokens])[-exact.config.history :]
        with torch.inference_mode():
            logits = exact.recompute(torch.from_numpy(past).double().unsqueeze(0), state.position, landmarks)
        largest = max(largest, float(np.abs(probabilities(logits)[0].numpy() - answers[-1]).max()))
    return largest


@pytest.mark.parametrize("bursts", [False, True])
@pytest.mark.parametrize("scale", [1.0, 10.0, 30.0])
@pytest.mark.parametrize("change", [{}, {"landmarks": "continual"}, {"attention": "softmax"}], ids=str)
def test_no_scale_of_the_logits_and_no_burst_makes_a_step_untrue(
    change: dict[str, str], scale: float, bursts: bool
) -> None:
    classifier = loud_classifier(scale, **change)
    assert largest_error(classifier, 20_000, bursts, checked_every=97) <= CLOSE


@pytest.mark.parametrize("change", [{}, {"landmarks": "continual"}, {"attention": "softmax"}], ids=str)
def test_a_loud_stream_is_right_from_its_first_token_on(change: dict[str, str]) -> None:
    assert largest_error(loud_classifier(100.0, **change), 60, bursts=False, checked_every=1) <= CLOSE


@pytest.mark.parametrize("landmarks", ["fixed", "continual"])
def test_a_million_steps_do_not_drift(landmarks: str) -> None:
    assert (
        largest_error(loud_classifier(30.0, landmarks=landmarks), 1_000_000, bursts=True, checked_every=4999) <= CLOSE
    )


# --- a state is a value, and what does not fit is refused before anything is changed

WAYS: dict[str, Callable[[Any], Any]] = {
    "clone": lambda state: state.clone(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda state: pickle.loads(pickle.dumps(state)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", [{}, {"landmarks": "continual", "blocks": 2}, {"attention": "softmax"}], ids=str)
def test_however_a_state_is_copied_its_answers_are_equal_to_the_bit(change: dict[str, Any], way: str) -> None:
    """Also by the same weights in another place, and when the one that it was made of goes on meanwhile."""
    classifier = small_classifier(torch.float32, replace(SMALL, **change))
    compiled, again = compiled_from(classifier), compiled_from(classifier)
    frames = music(1, 50, dtype=torch.float32)[0].numpy()
    expected = hear(compiled, frames, 1)
    state = compiled.init_state()
    for frame in frames[:30]:
        compiled.encode(compiled.tokenize(frame[np.newaxis], state), state)
    copied = WAYS[way](state)
    compiled.encode(compiled.tokenize(-frames, state), state)
    np.testing.assert_array_equal(again.encode(again.tokenize(frames[30:], copied), copied), expected[30:])


def test_what_does_not_fit_is_refused_and_the_state_goes_on_unharmed() -> None:
    compiled = compiled_from(small_classifier(torch.float32))
    other = small_classifier(torch.float32)
    with torch.no_grad():
        other.get_parameter("encoder.blocks.0.widen.bias")[0] += 1.0
    strangers = [compiled_from(each) for each in (other, small_classifier(torch.float32, replace(SMALL, window=12)))]
    frames = music(1, 40, dtype=torch.float32)[0].numpy()
    expected, state = hear(compiled, frames, 1), compiled.init_state()
    tokens = compiled.tokenize(frames[:20], state)
    answers = [compiled.encode(tokens, state)]
    for refuses, rows in ((compiled.tokenize, frames), (compiled.encode, tokens)):
        wrong: dict[str, Any] = {
            r"\(20, 15\)": rows[:20, :15],
            "shape": rows[0],
            "float64": rows.astype(np.float64),
            ">f4": rows.astype(">f4"),
        }
        for message, given in wrong.items():
            with pytest.raises(ValueError, match=message):
                refuses(given, state)
    for stranger in strangers:
        for another in (state, state.clone(), pickle.loads(pickle.dumps(state))):
            with pytest.raises(ValueError, match="other weights"):
                stranger.tokenize(frames[:1], another)
            with pytest.raises(ValueError, match="other weights"):
                stranger.encode(tokens[:1], another)
    with pytest.raises(ValueError, match="2 streams with a state of 3"):
        compiled.step_streams(tokens[:2], compiled.init_streams(3))
    answers.append(compiled.encode(compiled.tokenize(np.asfortranarray(frames[20:]), state), state))
    np.testing.assert_array_equal(np.concatenate(answers), expected)


def test_no_frames_and_no_streams_have_no_answers() -> None:
    compiled = compiled_from(small_classifier(torch.float32))
    state, nothing = compiled.init_state(), np.zeros((0, SMALL.bands), np.float32)
    assert compiled.encode(compiled.tokenize(nothing, state), state).shape == (0, 3)
    assert compiled.step_streams(np.zeros((0, SMALL.width), np.float32), compiled.init_streams(0)).shape == (0, 3)


# --- what is refused, and what it costs


@pytest.mark.parametrize(
    "change",
    [
        {"landmarks": "continual", "inverse": "pinv"},
        {"blocks": 2, "stacking": "retroactive"},
        {"attention": "gaussian"},
        {"attention": "softmax", "rotary": True},
    ],
    ids=str,
)
def test_what_is_not_covered_is_said(change: dict[str, Any]) -> None:
    with pytest.raises(NotCoveredError):
        compiled_from(small_classifier(torch.float32, replace(SMALL, **change)))


def test_an_inverse_that_float32_cannot_serve_is_left_to_torch() -> None:
    classifier = small_classifier(torch.float32, replace(SMALL, inverse="pinv"))
    with torch.no_grad():  # two landmarks that hardly differ
        landmarks = classifier.encoder.blocks[0].get_parameter("attention.kernel.query_landmarks")
        landmarks[:, 1] = landmarks[:, 0] + 1e-5
    with pytest.raises(NotCoveredError, match="inverse"):
        compiled_from(classifier)


def test_weights_come_straight_from_their_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    classifier = Classifier(SMALL)
    save_classifier(classifier, tmp_path / "weights.safetensors")
    frames = music(1, 20, dtype=torch.float32)
    answers = hear(CompiledClassifier.load(tmp_path / "weights.safetensors"), frames[0].numpy(), chunk=20)
    np.testing.assert_allclose(answers, steps_in_torch(classifier.for_inference(), frames), rtol=0, atol=CLOSE)
    with pytest.raises(WeightsError, match="no such file"):
        CompiledClassifier.load(tmp_path / "missing.safetensors")


def test_a_step_takes_a_small_part_of_its_twins_time() -> None:
    """At the reference size hundreds of times less; a busy machine may be unfair by much."""
    config = ModelConfig(window=387, width=192, heads=8, feed_forward=384, landmark_count=16)
    classifier = small_classifier(torch.float32, config)
    compiled = compiled_from(classifier)
    tokens = np.random.default_rng(0).normal(size=(400, config.width)).astype(np.float32)
    state, twin = compiled.init_state(), WindowTwin(classifier.encoder)
    compiled.encode(tokens, state)
    window = replace(twin.init_state(), tokens=torch.from_numpy(tokens[-config.window :])[None], heard=400)
    steps, twins = [], []
    with torch.inference_mode():
        for index in range(15):
            token = tokens[index : index + 1]
            began = time.perf_counter_ns()
            compiled.encode(token, state)
            stepped = time.perf_counter_ns()
            _, window = twin.step(torch.from_numpy(token), window)
            twins.append(time.perf_counter_ns() - stepped)
            steps.append(stepped - began)
    assert np.median(twins) > 5 * np.median(steps)


# --- many streams in step


@every_covered
def test_streams_in_step_are_answered_as_each_alone(config: ModelConfig) -> None:
    compiled = compiled_from(rounded_classifier(config))
    tokens = np.random.default_rng(0).normal(size=(30, 6, config.width)).astype(np.float32)
    streams = compiled.init_streams(6)
    answers = np.stack([compiled.step_streams(each, streams) for each in tokens])
    for stream in range(6):
        alone = compiled.encode(tokens[:, stream].copy(), compiled.init_state())
        np.testing.assert_allclose(answers[:, stream], alone, rtol=0, atol=CLOSE)
    streams.reset(2)
    again = compiled.step_streams(tokens[0], streams)
    np.testing.assert_allclose(again[2], answers[0, 2], rtol=0, atol=CLOSE)
    assert streams.positions.tolist() == [31, 31, 1, 31, 31, 31]
