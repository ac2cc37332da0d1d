"""Numbers stay true: sliding and parallel averages, and the attentions that rest on them, against definitions."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from model import ModelConfig
from model.attention.fixed import FixedLandmarkKernel
from model.attention.kernel import Kernel
from model.attention.multi_head import make_kernel
from model.attention.sliding_average import SlidingAverage
from model.attention.window_average import mix_window_averages
from tests.model import direct

SCALES = [1.0, 3.0, 10.0, 30.0, 1000.0]  # standard deviation of the logits
ROWS, WIDTH = 2, 4

FIXED = ModelConfig(attention="nystrom", landmarks="fixed", heads=3, width=12, window=16, landmark_count=4)
CONTINUAL = replace(FIXED, landmarks="continual")
SOFTMAX = replace(FIXED, attention="softmax")
GAUSSIAN = replace(FIXED, attention="gaussian")
UNEVEN = replace(CONTINUAL, window=11)  # segments of 2, 3, 3 and 3 tokens

BOUNDS = {
    "fixed": 2e-6,
    "continual": 1e-5,
    "uneven": 1e-5,
    "softmax": 1e-5,
    "gaussian": 2e-6,
}  # float32, values of unit scale
BOUND_IN_FLOAT64 = 1e-9
LARGEST_BOUND_SCALE = 30.0  # a score of thousands is itself rounded by more in float32; it must stay finite


def tokens(rows: int, length: int, scale: float, bursts: bool = False, width: int = WIDTH) -> direct.Stream:
    """Queries, keys and values, (R, T, D) each; with bursts all is quiet but for one token in fifty."""
    generator = torch.Generator().manual_seed(int(scale) + bursts)
    query, key, value = torch.randn(3, rows, length, width, generator=generator).unbind(0)
    if bursts:
        loud = torch.rand(length, 1, generator=generator) < 0.02
        key = key * torch.where(loud, 5.0, 0.1)
    return query * scale**0.5, key * scale**0.5, value


def double(stream: direct.Stream) -> direct.Stream:
    query, key, value = stream
    return query.double(), key.double(), value.double()


def scores_and_values(length: int, scale: float) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(int(scale))
    scores = torch.randn(ROWS, 3, length, generator=generator) * scale
    return scores, torch.randn(ROWS, length, WIDTH, generator=generator)


def score_averages(scores: Tensor, values: Tensor, window: int) -> Tensor:
    """Scores (R, m, T), values (R, T, D) -> the softmax average over every window, (R, m, T, D), in float64."""
    averages = []
    for heard in range(1, scores.shape[-1] + 1):
        seen = slice(max(0, heard - window), heard)
        averages.append(torch.softmax(scores[..., seen].double(), dim=-1) @ values[:, seen].double())
    return torch.stack(averages, dim=2)


def standing_queries(scale: float, count: int = 5) -> Tensor:
    generator = torch.Generator().manual_seed(9)
    return torch.randn(ROWS, count, WIDTH, generator=generator).mul(scale**0.5)


def stacked(config: ModelConfig, retroactive: bool) -> ModelConfig:
    return replace(config, stacking="retroactive", blocks=2) if retroactive else config


def kernel_of(config: ModelConfig, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> Kernel:
    torch.manual_seed(5)
    kernel = make_kernel(config).to(dtype).requires_grad_(False)
    if isinstance(kernel, FixedLandmarkKernel):
        kernel.query_landmarks.mul_(scale**0.5)
        kernel.key_landmarks.mul_(scale**0.5)
    return kernel


def by_definition(kernel: Kernel, query: Tensor, key: Tensor, value: Tensor, heard: int) -> Tensor:
    """All outputs of the window, (R, f, D)."""
    config = kernel.config
    if isinstance(kernel, FixedLandmarkKernel):
        queries, keys = (
            each.repeat_interleave(len(query) // config.heads, dim=0)
            for each in (kernel.query_landmarks, kernel.key_landmarks)
        )
        return direct.window_outputs((query, key, value), heard, config, (queries, keys))
    return direct.window_outputs((query, key, value), heard, config)


def errors(kernel: Kernel, stream: direct.Stream, retroactive: bool) -> list[float]:
    """The largest of every step over the stream, against the definition; NaN where anything is not finite."""
    batch = len(stream[0]) // kernel.config.heads
    state = kernel.init_state(batch, like=stream[0])
    step = kernel.step_all if retroactive else kernel.step
    found = []
    for heard in range(1, stream[0].shape[1] + 1):
        output = step(*direct.token(stream, heard - 1), state)
        expected = by_definition(kernel, *stream, heard)
        found.append((output - (expected if retroactive else expected[:, -1])).abs().max().item())
    return found


def largest_error(kernel: Kernel, stream: direct.Stream, retroactive: bool) -> float:
    """Of every step over the stream; NaN where anything is not finite."""
    return torch.tensor(errors(kernel, stream, retroactive), dtype=torch.float64).max().item()


def exact_inverse_bound(kernel: Kernel, stream: direct.Stream, heard: int) -> float:
    """What rounding may do where the landmark matrix A is inverted exactly: a few times eps cond(A) |A^-1|."""
    landmarks: tuple[Tensor, Tensor]
    if isinstance(kernel, FixedLandmarkKernel):
        landmarks = kernel.query_landmarks, kernel.key_landmarks
    elif direct.complete_segments(heard, kernel.config):
        query, key = (direct.continual_landmarks(each, heard, kernel.config) for each in stream[:2])
        landmarks = query, key
    else:
        return BOUND_IN_FLOAT64  # there is nothing to invert yet
    singular = torch.linalg.svdvals(direct.landmark_matrix(*landmarks))
    largest, smallest = singular[:, 0], singular[:, -1]
    amplified = float((largest / smallest / smallest).max())
    return max(BOUND_IN_FLOAT64, 4 * torch.finfo(torch.float64).eps * amplified)


# --- sliding averages


@pytest.mark.parametrize("bursts", [False, True])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("window", [1, 2, 16, 37])
def test_sliding_averages_equal_the_definition_at_every_step(window: int, scale: float, bursts: bool) -> None:
    _, keys, values = tokens(ROWS, 300, scale, bursts)
    queries = standing_queries(scale)
    memory = SlidingAverage.empty(ROWS, queries.shape[1], WIDTH, window, like=values)
    memory.set_queries(queries)
    for heard in range(1, 301):
        memory.push(keys[:, heard - 1], values[:, heard - 1])
        seen = slice(max(0, heard - window), heard)
        expected = direct.softmax_attention(queries, keys[:, seen], values[:, seen])
        assert_close_for_unit_values(memory.averages(), expected)


@pytest.mark.parametrize("excess", [60.0, 700.0, 709.0, 709.5, 709.75, 710.0, 5000.0])
def test_a_score_of_any_height_enters_and_leaves_a_quiet_stream(excess: float) -> None:
    """exp overflows from 709.78 on; its product with a value before that."""
    window, keys, values = 6, torch.zeros(1, 30, 1), torch.linspace(-3.0, 3.0, 30).reshape(1, 30, 1)
    keys[:, [9, 20, 21]] = excess
    memory = SlidingAverage.empty(1, 1, 1, window, like=values)
    memory.set_queries(torch.ones(1, 1, 1))
    for heard in range(1, 31):
        memory.push(keys[:, heard - 1], values[:, heard - 1])
        seen = slice(max(0, heard - window), heard)
        expected = direct.softmax_attention(torch.ones(1, 1, 1), keys[:, seen], values[:, seen])
        assert_close_for_unit_values(memory.averages(), expected)


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_a_query_set_at_any_phase_of_the_ring_stands_over_all_of_the_window(scale: float) -> None:
    window, count = 5, 3
    queries, keys, values = tokens(ROWS, 40, scale)
    for first in range(2 * window + 1):  # tokens pushed before the first query is set
        memory = SlidingAverage.empty(ROWS, count, WIDTH, window, like=values)
        standing: dict[int, Tensor] = {}
        for heard in range(1, 41):
            memory.push(keys[:, heard - 1], values[:, heard - 1])
            if heard > first:
                place = (heard - first - 1) % count
                standing[place] = queries[:, heard - 1]
                memory.set_query(place, queries[:, heard - 1])
                seen = slice(max(0, heard - window), heard)
                in_places = torch.stack([standing[place] for place in sorted(standing)], dim=1)
                expected = direct.softmax_attention(in_places, keys[:, seen], values[:, seen])
                assert_close_for_unit_values(memory.averages(), expected)


def test_a_mix_adds_up_the_averages() -> None:
    _, keys, values = tokens(ROWS, 20, 3.0)
    queries = standing_queries(3.0)
    memory = SlidingAverage.empty(ROWS, queries.shape[1], WIDTH, 8, like=values)
    memory.set_queries(queries)
    for t in range(20):
        memory.push(keys[:, t], values[:, t])
    weights = torch.randn(ROWS, 6, queries.shape[1], generator=torch.Generator().manual_seed(3))
    expected = weights.double() @ direct.softmax_attention(queries, keys[:, -8:], values[:, -8:])
    torch.testing.assert_close(memory.mix(weights).double(), expected, rtol=0, atol=1e-5)


def test_many_tokens_at_once_leave_what_one_by_one_leaves() -> None:
    _, keys, values = tokens(ROWS, 60, 3.0)
    for length in (1, 3, 7, 8, 30):
        one_by_one, at_once = (SlidingAverage.empty(ROWS, 5, WIDTH, 7, like=values) for _ in range(2))
        for memory in (one_by_one, at_once):
            memory.set_queries(standing_queries(3.0))
        for t in range(60):
            one_by_one.push(keys[:, t], values[:, t])
        for start in range(0, 60, length):
            at_once.extend(keys[:, start : start + length], values[:, start : start + length])
        assert_close_for_unit_values(at_once.averages(), one_by_one.averages().double())
        for ours, theirs in zip(at_once.history(7), one_by_one.history(7), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@pytest.mark.parametrize("config", [FIXED, CONTINUAL, UNEVEN, SOFTMAX, GAUSSIAN], ids=lambda config: config.attention)
@pytest.mark.parametrize("retroactive", [False, True])
def test_what_was_never_written_is_never_read(config: ModelConfig, retroactive: bool) -> None:
    """A fresh state is full of NaN, and no NaN comes out before or after the window is full."""
    kernel = kernel_of(stacked(config, retroactive))
    stream = double(tokens(config.heads, 2 * config.window, 1.0))
    state = kernel.init_state(1, like=stream[0])
    assert state.memory.keys.isnan().all()
    assert state.memory.values.isnan().any()
    step = kernel.step_all if retroactive else kernel.step
    for t in range(2 * config.window):
        assert step(*direct.token(stream, t), state).isfinite().all()


# --- the attentions


@pytest.mark.parametrize("retroactive", [False, True])
@pytest.mark.parametrize("bursts", [False, True])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", ["fixed", "continual", "uneven", "softmax", "gaussian"])
def test_every_step_in_float32_is_within_its_bound(kind: str, scale: float, bursts: bool, retroactive: bool) -> None:
    config = {"fixed": FIXED, "continual": CONTINUAL, "uneven": UNEVEN, "softmax": SOFTMAX, "gaussian": GAUSSIAN}[kind]
    kernel = kernel_of(stacked(config, retroactive), scale, torch.float32)
    error = largest_error(kernel, tokens(config.heads, 150, scale, bursts), retroactive)
    assert math.isfinite(error)
    if scale <= LARGEST_BOUND_SCALE:
        assert error <= BOUNDS[kind]


@pytest.mark.parametrize("retroactive", [False, True])
@pytest.mark.parametrize("far", [1e3, 1e25])
def test_distances_are_true_far_from_the_origin(far: float, retroactive: bool) -> None:
    """Where the squares of what is subtracted are a million times the distance, or overflow float32."""
    query, key, value = tokens(3, 40, 1.0)
    stream = query + far, key + far, value
    assert largest_error(kernel_of(stacked(GAUSSIAN, retroactive), dtype=torch.float32), stream, retroactive) <= 1e-5


@pytest.mark.parametrize("retroactive", [False, True])
@pytest.mark.parametrize("inverse", ["ridge", "newton-schulz", "pinv"])
@pytest.mark.parametrize("config", [FIXED, CONTINUAL], ids=lambda config: str(config.landmarks))
def test_every_inverse_gives_the_definition_in_float64(config: ModelConfig, inverse: str, retroactive: bool) -> None:
    kernel = kernel_of(stacked(replace(config, inverse=inverse), retroactive))
    stream = double(tokens(2 * config.heads, 80, 3.0))
    for heard, error in enumerate(errors(kernel, stream, retroactive), start=1):
        assert error <= (exact_inverse_bound(kernel, stream, heard) if inverse == "pinv" else BOUND_IN_FLOAT64)


@pytest.mark.parametrize("retroactive", [False, True])
@pytest.mark.parametrize(("window", "count"), [(1, 1), (5, 5), (6, 1), (12, 4), (11, 4), (7, 5), (16, 9), (13, 2)])
def test_continual_landmarks_are_replaced_at_every_phase(window: int, count: int, retroactive: bool) -> None:
    """Long enough for every remainder of n / m and every place, from the first token on: all three regimes."""
    config = stacked(replace(CONTINUAL, window=window, landmark_count=count), retroactive)
    stream = double(tokens(2 * config.heads, 4 * window + 3, 1.0))
    assert largest_error(kernel_of(config), stream, retroactive) <= BOUND_IN_FLOAT64


def test_a_piece_of_the_past_moves_the_outputs_until_it_leaves() -> None:
    """Fixed landmarks forget with the window, a continual landmark less than a segment later."""
    stream = double(tokens(3, 40, 1.0))
    changed = (stream[0], stream[1].clone(), stream[2])
    changed[1][:, 10] += 1.0
    for config, reach in ((FIXED, 16), (SOFTMAX, 16), (GAUSSIAN, 16), (CONTINUAL, 19)):
        kernel = kernel_of(config)
        states = [kernel.init_state(1, like=stream[0]) for _ in range(2)]
        for t in range(40):
            one, other = (
                kernel.step(*direct.token(each, t), state)
                for each, state in zip((stream, changed), states, strict=True)
            )
            if 10 <= t < 26:
                assert (one - other).abs().max() > 1e-6
            elif t < 10 or t >= 10 + reach:
                torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


# --- the parallel form


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("length", "window"), [(1, 5), (40, 1), (40, 40), (100, 37), (200, 16), (75, 300)])
def test_parallel_averages_equal_the_definition_at_every_scale(length: int, window: int, scale: float) -> None:
    scores, values = scores_and_values(length, scale)
    expected = score_averages(scores, values, window)
    assert_close_for_unit_values(window_averages(scores, values, window), expected)


def window_averages(scores: Tensor, values: Tensor, window: int) -> Tensor:
    """scores (R, m, T), values (R, T, D) -> averages (R, m, T, D): mixtures of one alone."""
    rows, landmarks, length = scores.shape
    alone = torch.eye(landmarks, dtype=scores.dtype).view(landmarks, 1, 1, landmarks).expand(-1, rows, length, -1)
    return torch.stack([mix_window_averages(weights, scores, values, window) for weights in alone], dim=1)


def test_parallel_averages_survive_bursts() -> None:
    scores, values = scores_and_values(400, 30.0)
    loud = torch.rand(400, generator=torch.Generator().manual_seed(1)) < 0.02
    scores = torch.where(loud, scores + 150.0, scores / 10)
    expected = score_averages(scores, values, 37)
    assert_close_for_unit_values(window_averages(scores, values, 37), expected)


def test_gradients_of_the_parallel_averages_are_true() -> None:
    scores, values = scores_and_values(45, 2.0)
    inputs = (scores.double().requires_grad_(), values.double().requires_grad_())

    assert torch.autograd.gradcheck(lambda s, v: window_averages(s, v, 20), inputs, fast_mode=True)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("length", "window"), [(1, 5), (40, 1), (100, 37), (300, 300), (300, 140), (75, 300)])
def test_mixed_averages_equal_the_definition_at_every_scale(length: int, window: int, scale: float) -> None:
    scores, values = scores_and_values(length, scale)
    wanted = min(length, 270)  # of the newest tokens, more than one piece
    weights = torch.softmax(scores.mT[:, -wanted:].contiguous() / scale, dim=-1)
    averages = score_averages(scores, values, window)[:, :, -wanted:]
    expected = torch.einsum("rtm,rmtd->rtd", weights.double(), averages)
    assert_close_for_unit_values(mix_window_averages(weights, scores, values, window), expected)


@pytest.mark.parametrize("spread", [2.0, 40.0])
def test_gradients_of_mixed_averages_are_true(spread: float) -> None:
    scores, values = scores_and_values(45, spread)
    weights = torch.rand(scores.shape[0], 30, scores.shape[1], generator=torch.Generator().manual_seed(2))
    inputs = tuple(each.double().requires_grad_() for each in (weights, scores, values))

    assert torch.autograd.gradcheck(lambda w, s, v: mix_window_averages(w, s, v, 20), inputs, fast_mode=True)


@pytest.mark.parametrize("below", [30.0, 39.0, 50.0, 59.0, 80.0])
def test_gradients_in_float32_are_true_long_after_a_loud_token_has_left_the_window(below: float) -> None:
    scores, values = scores_and_values(30, 1.0)
    scores = scores.clamp(-0.4, 0.4) - below
    scores[:, :, 2] = 0.0
    weights = torch.rand(scores.shape[0], 30, scores.shape[1], generator=torch.Generator().manual_seed(2))
    gradients = []
    for dtype in (torch.float32, torch.float64):
        inputs = [each.detach().to(dtype).requires_grad_() for each in (weights, scores, values)]
        mixed = mix_window_averages(inputs[0], inputs[1], inputs[2], 5)
        gradients.append(torch.autograd.grad((mixed * mixed.detach()).sum(), inputs))
    for actual, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(actual.double(), expected, rtol=1e-4, atol=1e-4)


def assert_close_for_unit_values(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual.double(), expected, rtol=0, atol=2e-6)
