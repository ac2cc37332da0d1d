"""The laws of a streaming model, for every row of the family: fold, twin, no hidden state, gain."""

from __future__ import annotations

import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model import Classifier, ClassifierState, ModelConfig, WindowTwin, probabilities
from tests.model.conftest import SMALL, music, small_classifier
from tests.model.family import FAMILY, every_row

TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}


def fold(classifier: Classifier, frames: torch.Tensor, state: ClassifierState | None = None) -> torch.Tensor:
    """A loop of `step` from a fresh state: (B, T, genres)."""
    state = state or classifier.init_state(frames.shape[0])
    answers = []
    for t in range(frames.shape[1]):
        logits, state = classifier.step(frames[:, t], state)
        answers.append(logits)
    return torch.stack(answers, dim=1)


@every_row
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_forward_equals_folding_step_at_every_frame(dtype: torch.dtype, config: ModelConfig) -> None:
    classifier, frames = small_classifier(dtype, config), music(3, 45, dtype=dtype)
    torch.testing.assert_close(classifier(frames), fold(classifier, frames), rtol=0, atol=TOLERANCE[dtype])


@every_row
@pytest.mark.parametrize("chunk", [1, 2, 7, 64])
def test_steps_in_any_chunking_equal_forward(chunk: int, config: ModelConfig) -> None:
    dtype = torch.float64
    classifier, frames = small_classifier(dtype, config), music(2, 45, dtype=dtype)
    state = classifier.init_state(2)
    answers = []
    for part in frames.split(chunk, dim=1):
        logits, state = classifier.steps(part, state)
        answers.append(logits)
    torch.testing.assert_close(torch.cat(answers, dim=1), classifier(frames), rtol=0, atol=TOLERANCE[dtype])


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(0, 25), min_size=1, max_size=6), row=st.sampled_from(sorted(FAMILY)))
def test_step_and_steps_continue_each_other(lengths: list[int], row: str) -> None:
    classifier, frames = small_classifier(config=FAMILY[row]), music(1, max(1, sum(lengths)))
    state, answers, start = classifier.init_state(1), [], 0
    for index, length in enumerate(lengths):
        part = frames[:, start : start + length]
        start += length
        if index % 2:
            for t in range(length):
                logits, state = classifier.step(part[:, t], state)
                answers.append(logits.unsqueeze(1))
        else:
            logits, state = classifier.steps(part, state)
            answers.append(logits)
    torch.testing.assert_close(torch.cat(answers, dim=1), classifier(frames[:, :start]), rtol=0, atol=1e-9)


@every_row
def test_twin_recomputed_from_nothing_gives_the_same_answer_at_every_frame(config: ModelConfig) -> None:
    classifier, frames = small_classifier(torch.float32, config), music(2, 50, dtype=torch.float32)
    twin = WindowTwin(classifier.encoder)
    state, twin_state, tokenizer_state = (
        classifier.init_state(2),
        twin.init_state(2),
        classifier.tokenizer.init_state(2),
    )
    for t in range(frames.shape[1]):
        logits, state = classifier.step(frames[:, t], state)
        token, tokenizer_state = classifier.tokenizer.step(frames[:, t], tokenizer_state)
        twin_logits, twin_state = twin.step(token, twin_state)
        torch.testing.assert_close(probabilities(logits), probabilities(twin_logits), rtol=0, atol=1e-4)


@every_row
def test_two_interleaved_streams_do_not_hear_each_other(config: ModelConfig) -> None:
    classifier, frames = small_classifier(config=config), music(2, 40)
    states = [classifier.init_state(), classifier.init_state()]
    answers: list[list[torch.Tensor]] = [[], []]
    for t in range(40):
        for stream in (0, 1):
            logits, states[stream] = classifier.step(frames[stream : stream + 1, t], states[stream])
            answers[stream].append(logits)
    torch.testing.assert_close(torch.stack([torch.cat(answers[0]), torch.cat(answers[1])]), classifier(frames))


@every_row
def test_two_threads_share_one_model(config: ModelConfig) -> None:
    classifier, frames = small_classifier(config=config), music(2, 40)
    answers: dict[int, torch.Tensor] = {}

    def listen(stream: int) -> None:
        answers[stream] = fold(classifier, frames[stream : stream + 1])

    threads = [threading.Thread(target=listen, args=(stream,)) for stream in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    torch.testing.assert_close(torch.cat([answers[0], answers[1]]), classifier(frames))


def test_a_fresh_state_is_a_reset(classifier: Classifier) -> None:
    frames = music(1, 30)
    first = fold(classifier, frames)
    fold(classifier, music(1, 17))
    torch.testing.assert_close(fold(classifier, frames), first, rtol=0, atol=0)


@every_row
def test_running_changes_no_parameter_and_no_buffer(config: ModelConfig) -> None:
    classifier = small_classifier(config=config)
    before = {name: tensor.clone() for name, tensor in classifier.state_dict().items()}
    fold(classifier, music(1, 30))
    classifier(music(2, 30))
    for name, tensor in classifier.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


@pytest.mark.parametrize("gain_db", [-20.0, 20.0])
def test_gain_does_not_change_the_answer(classifier: Classifier, gain_db: float) -> None:
    frames = music(1, 40)
    torch.testing.assert_close(classifier(frames + gain_db), classifier(frames), rtol=0, atol=1e-9)


@every_row
def test_there_is_an_answer_from_the_first_frame_on(config: ModelConfig) -> None:
    classifier = small_classifier(config=config)
    state = classifier.init_state()
    for heard in range(1, config.window + 5):
        logits, state = classifier.step(music(1, 1)[:, 0], state)
        assert torch.isfinite(logits).all()
        assert state.filled == min(heard, config.window)


@every_row
def test_what_is_older_than_the_window_is_forgotten(config: ModelConfig) -> None:
    """Beyond what the level, the stem and the encoder reach back, the past has no influence."""
    classifier = small_classifier(config=config)
    reach = config.history + config.level_window + 2 * sum(config.stem_dilations)
    ending = music(1, reach)
    one, other = torch.cat([music(1, 26), ending], dim=1), torch.cat([music(1, 26) - 25.0, ending], dim=1)
    torch.testing.assert_close(classifier(one)[:, -1], classifier(other)[:, -1], rtol=0, atol=1e-9)
    assert (classifier(one)[:, -reach] - classifier(other)[:, -reach]).abs().max() > 1e-6


@every_row
def test_the_future_has_no_influence(config: ModelConfig) -> None:
    classifier, frames = small_classifier(config=config), music(1, 40)
    changed = frames.clone()
    changed[:, 25:] += 17.0 * torch.randn(15, SMALL.bands, dtype=frames.dtype)
    torch.testing.assert_close(classifier(changed)[:, :25], classifier(frames)[:, :25], rtol=0, atol=1e-9)


# --- what is no number

INVALID = [(12, 3, float("nan")), (17, 0, float("inf")), (18, 1, float("-inf")), (23, 5, -3e38), (39, 2, float("nan"))]


@every_row
def test_a_frame_that_is_no_number_is_one_of_silence_and_all_laws_hold_through_it(config: ModelConfig) -> None:
    """To the bit: nothing of it is left behind, and there is an answer at every frame."""
    classifier, frames = small_classifier(torch.float32, config), music(2, 60, config, torch.float32)
    silenced = frames.clone()
    for t, band, value in INVALID:
        frames[0, t, band], silenced[0, t] = value, -100.0
    folded = fold(classifier, frames)
    assert torch.isfinite(folded).all()
    torch.testing.assert_close(folded, fold(classifier, silenced), rtol=0, atol=0)
    torch.testing.assert_close(classifier(frames), classifier(silenced), rtol=0, atol=0)
    chunks, state = [], classifier.init_state(2)
    for part in frames.split(7, dim=1):
        logits, state = classifier.steps(part, state)
        chunks.append(logits)
    for answers in (classifier(frames), torch.cat(chunks, dim=1)):
        torch.testing.assert_close(answers, folded, rtol=0, atol=1e-4)


@every_row
def test_a_token_that_is_no_number_is_one_of_zeros_in_every_form_of_the_encoder(config: ModelConfig) -> None:
    encoder, twin = small_classifier(config=config).encoder, WindowTwin(small_classifier(config=config).encoder)
    tokens = torch.randn(2, 60, config.width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    zeroed = tokens.clone()
    for t, place, value in INVALID:
        tokens[0, t, place], zeroed[0, t] = value, 0.0
    expected = encoder(zeroed)
    torch.testing.assert_close(encoder(tokens), expected, rtol=0, atol=0)
    torch.testing.assert_close(encoder.steps(tokens, encoder.init_state(2))[0], expected, rtol=0, atol=1e-9)
    state, twin_state = encoder.init_state(2), twin.init_state(2)
    for t in range(60):
        logits, state = encoder.step(tokens[:, t], state)
        twin_logits, twin_state = twin.step(tokens[:, t], twin_state)
        torch.testing.assert_close(logits, expected[:, t], rtol=0, atol=1e-9)
        torch.testing.assert_close(twin_logits, expected[:, t], rtol=0, atol=1e-9)
