"""Attention against torch's own, and landmarks as they are defined."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from model.attention import MultiHeadAttention
from model.attention.fixed import FixedLandmarkKernel
from model.block import EncoderBlock
from model.definitions import completed_segments, invert, newton_schulz_inverse, segment_end
from tests.model import direct
from tests.model.conftest import SMALL

WINDOW = SMALL.window
every_kind = pytest.mark.parametrize(
    "kind", [{"attention": "softmax"}, {"attention": "gaussian"}, {"landmarks": "fixed"}, {"landmarks": "continual"}]
)


def tokens(length: int, dtype: torch.dtype = torch.float32, batch: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(length)
    return torch.randn(batch, length, SMALL.width, generator=generator, dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_the_weights_of_torchs_encoder_layer_give_torchs_output(norm: str, activation: str) -> None:
    """Window, single-output and retroactive, at every token, to 1e-5."""
    config = replace(SMALL, attention="softmax", norm=norm, activation=activation, blocks=2, stacking="retroactive")
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(
        config.width, config.heads, config.feed_forward, 0.0, activation, norm_first=norm == "pre", batch_first=True
    ).eval()
    block = EncoderBlock(config).eval()
    block.load_torch_layer(layer)
    stream = tokens(30)
    single, retroactive = block.attention.init_state(2), block.attention.init_state(2)
    with torch.no_grad():
        for t in range(30):
            window = stream[:, max(0, t + 1 - WINDOW) : t + 1]
            expected = layer(window)
            one, single = block.step(stream[:, t], single)
            all_outputs, retroactive = block.step_all(window, retroactive)
            for actual, wanted in (
                (block.recompute(window, t + 1), expected),
                (one, expected[:, -1]),
                (all_outputs, expected),
            ):
                torch.testing.assert_close(actual, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nhead": 4}, "heads"),
        ({"norm_first": True}, "norm"),
        ({"layer_norm_eps": 1e-6}, "epsilons"),
        ({"activation": "gelu"}, "activation"),
        ({"activation": nn.LeakyReLU()}, "activation"),
        ({"dim_feedforward": 21}, "widen.weight"),
        ({"d_model": 48}, "query_key_value.weight"),
    ],
    ids=str,
)
def test_a_layer_that_would_answer_otherwise_is_refused_and_the_block_stays_as_it_is(
    change: dict[str, Any], message: str
) -> None:
    block = EncoderBlock(replace(SMALL, attention="softmax", norm="post", activation="relu"))
    before = {name: weight.clone() for name, weight in block.state_dict().items()}
    equal: dict[str, Any] = {"d_model": SMALL.width, "nhead": SMALL.heads, "dim_feedforward": SMALL.feed_forward}
    with pytest.raises(ValueError, match=message):
        block.load_torch_layer(nn.TransformerEncoderLayer(**(equal | change)))
    for name, weight in block.state_dict().items():
        torch.testing.assert_close(weight, before[name], rtol=0, atol=0)


@pytest.mark.parametrize("activation", ["gelu", "gelu-tanh"])
def test_a_layer_without_biases_and_one_with_the_other_gelu_give_torchs_output(activation: str) -> None:
    config = replace(SMALL, attention="softmax", norm="post", activation=activation)
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(
        config.width,
        config.heads,
        config.feed_forward,
        activation=nn.GELU("tanh" if activation == "gelu-tanh" else "none"),
        batch_first=True,
        bias=activation == "gelu",
    ).eval()
    block, window = EncoderBlock(config).eval(), tokens(WINDOW)
    block.load_torch_layer(layer)
    with torch.no_grad():
        torch.testing.assert_close(block.recompute(window, WINDOW), layer(window), rtol=0, atol=1e-5)


def attention(**changes: Any) -> MultiHeadAttention:
    torch.manual_seed(1)
    made = MultiHeadAttention(replace(SMALL, **changes))
    return made.double().requires_grad_(False)


@pytest.mark.parametrize("landmarks", ["fixed", "continual"])
@pytest.mark.parametrize("count", [1, 3, 4, 5, 11])
def test_retroactive_nystrom_gives_all_outputs_of_the_window(landmarks: str, count: int) -> None:
    """Every landmark replacement, at every phase of n mod m: the twin recomputes landmarks and sums from the tokens."""
    changes: dict[str, Any] = {"landmarks": landmarks, "landmark_count": count}
    one = attention(**changes)
    all_of_them = attention(blocks=2, stacking="retroactive", **changes)
    stream = tokens(50, torch.float64)
    single, retroactive = one.init_state(2), all_of_them.init_state(2)
    for t in range(50):
        seen = stream[:, max(0, t + 1 - one.config.attention_history) : t + 1]
        expected = one.recompute(seen, t + 1)
        newest, single = one.step(stream[:, t], single)
        outputs, retroactive = all_of_them.step_all(stream[:, t], retroactive)
        torch.testing.assert_close(newest, expected[:, -1], rtol=0, atol=1e-9)
        torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-9)


def test_when_a_segment_is_complete_continual_landmarks_are_the_nystromformer_of_the_window() -> None:
    """Segment means of the window itself, written out from the definition (Xiong et al., AAAI 2021)."""
    made = attention(landmarks="continual", window=12, landmark_count=4, inverse="pinv", heads=1)
    stream = tokens(40, torch.float64, batch=1)
    state = made.init_state(1)
    for t in range(40):
        output, state = made.step(stream[:, t], state)
        if t + 1 < 12 or (t + 1) % 3:
            continue
        query, key, value = made.query_key_value(stream[0, t - 11 : t + 1]).chunk(3, dim=-1)
        scale = SMALL.width**-0.5
        query_means, key_means = query.unflatten(0, (4, 3)).mean(1), key.unflatten(0, (4, 3)).mean(1)
        first = torch.softmax(query[-1] @ key_means.T * scale, dim=-1)
        middle = torch.linalg.pinv(torch.softmax(query_means @ key_means.T * scale, dim=-1))
        last = torch.softmax(query_means @ key.T * scale, dim=-1) @ value
        torch.testing.assert_close(output[0], made.output(first @ middle @ last), rtol=0, atol=1e-9)


def test_before_the_first_segment_is_complete_attention_is_exact() -> None:
    continual, exact = attention(landmarks="continual"), attention(attention="softmax")
    stream = tokens(segment_end(0, WINDOW, SMALL.landmark_count) - 1, torch.float64)
    continual_state, exact_state = continual.init_state(2), exact.init_state(2)
    for t in range(stream.shape[1]):
        actual, continual_state = continual.step(stream[:, t], continual_state)
        expected, exact_state = exact.step(stream[:, t], exact_state)
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("window", "count"), [(12, 4), (11, 5), (7, 7), (387, 16), (5, 1), (10, 9)])
def test_any_m_segments_in_a_row_hold_exactly_n_tokens_and_none_is_empty(window: int, count: int) -> None:
    ends = [segment_end(index, window, count) for index in range(-1, 60)]
    assert all(after - before >= 1 for before, after in pairwise(ends))
    assert all(ends[i + count] - ends[i] == window for i in range(60 - count))
    for heard in range(ends[50]):
        assert completed_segments(heard, window, count) == sum(0 < end <= heard for end in ends)


def test_with_every_token_a_landmark_nystrom_attention_is_exact() -> None:
    """m = n with the exact inverse: softmax(q K^T) A^-1 A V, once the window is full."""
    nystrom = attention(landmarks="continual", landmark_count=WINDOW, inverse="pinv")
    exact = attention(attention="softmax")
    stream = tokens(3 * WINDOW, torch.float64)
    nystrom_state, exact_state = nystrom.init_state(2), exact.init_state(2)
    for t in range(3 * WINDOW):
        actual, nystrom_state = nystrom.step(stream[:, t], nystrom_state)
        expected, exact_state = exact.step(stream[:, t], exact_state)
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-6)


def test_the_inverses_invert_and_newton_schulz_comes_close() -> None:
    torch.manual_seed(2)
    matrix = torch.softmax(3.0 * torch.randn(6, 8, 8, dtype=torch.float64), dim=-1)
    identity = torch.eye(8, dtype=torch.float64).expand(6, 8, 8)
    torch.testing.assert_close(invert(matrix, "pinv", 0.0, torch) @ matrix, identity, rtol=0, atol=1e-9)
    torch.testing.assert_close(invert(matrix, "ridge", 1e-12, torch) @ matrix, identity, rtol=0, atol=1e-5)
    six, many = newton_schulz_inverse(matrix, torch), newton_schulz_inverse(matrix, torch, iterations=30)
    torch.testing.assert_close(many @ matrix, identity, rtol=0, atol=1e-9)
    assert (six @ matrix - identity).abs().max() > (many @ matrix - identity).abs().max()
    torch.testing.assert_close(invert(matrix, "newton-schulz", 0.0, torch), six)


def test_landmarks_are_fixed_at_the_centres_of_what_is_heard_and_can_be_trained_from_there() -> None:
    """Keys and queries in five tight clusters per head: the centres are found, per head."""
    made = attention().requires_grad_(True)
    torch.manual_seed(3)
    centres = 4.0 * torch.randn(SMALL.landmark_count, SMALL.width, dtype=torch.float64)
    heard = centres.repeat(20, 1) + 1e-3 * torch.randn(100, SMALL.width, dtype=torch.float64)
    made.fix_landmarks(heard)
    kernel = made.kernel
    assert isinstance(kernel, FixedLandmarkKernel)
    query, key, _ = made.query_key_value(centres).unflatten(1, (3, SMALL.heads, -1)).permute(1, 2, 0, 3)
    for landmarks, expected in ((kernel.query_landmarks, query), (kernel.key_landmarks, key)):
        distances = torch.cdist(expected, landmarks)  # (H, centres, landmarks)
        assert distances.min(dim=2).values.max() < 1e-2
        assert distances.min(dim=1).values.max() < 1e-2
    made(tokens(20, torch.float64)).square().sum().backward()
    assert kernel.query_landmarks.grad is not None
    assert kernel.query_landmarks.grad.abs().min() > 0


@pytest.mark.parametrize("changes", [{"attention": "softmax"}, {"landmarks": "continual"}])
def test_what_has_no_fixed_landmarks_says_so(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="fixed landmarks"):
        attention(**changes).fix_landmarks(tokens(20, torch.float64)[0])


def test_fewer_tokens_than_landmarks_are_refused() -> None:
    with pytest.raises(ValueError, match="4 tokens for 5 landmarks"):
        attention().fix_landmarks(tokens(4, torch.float64)[0])


def test_every_config_field_reaches_the_model() -> None:
    """Each choice changes the answer."""
    base = attention(window=6)
    stream = tokens(20, torch.float64)
    for change in (
        {"attention": "softmax"},
        {"attention": "gaussian"},
        {"landmarks": "continual"},
        {"inverse": "pinv"},
        {"window": 7},
    ):
        other = attention(**({"window": 6} | change))
        assert (other(stream) - base(stream)).abs().max() > 1e-6, change


@pytest.mark.parametrize("kind", ["softmax", "gaussian"])
def test_rotary_positions_turn_a_key_by_its_distance_in_time(kind: str) -> None:
    """Written out with complex numbers: pair i of a key that is t tokens old, by -t / 10000^(2 i / D)."""
    made = attention(attention=kind, rotary=True, heads=1)
    stream, width = tokens(30, torch.float64, batch=1), SMALL.width
    frequencies = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    queries, keys, values = made.query_key_value(stream[0]).chunk(3, dim=-1)
    for t in range(30):
        seen = range(max(0, t + 1 - WINDOW), t + 1)
        turns = torch.exp(1j * (torch.tensor(seen) - t).unsqueeze(1) * frequencies)
        turned = torch.view_as_real(torch.view_as_complex(keys[list(seen)].unflatten(1, (-1, 2))) * turns).flatten(1)
        heard = queries[t : t + 1].unsqueeze(0), turned.unsqueeze(0), values[list(seen)].unsqueeze(0)
        exact = direct.softmax_attention if kind == "softmax" else direct.gaussian_attention
        torch.testing.assert_close(made(stream)[0, t], made.output(exact(*heard)[0, 0]), rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", ["softmax", "gaussian", "nystrom"])
@pytest.mark.parametrize("first", [10**6, 10**9])
def test_rotary_positions_are_as_true_late_in_a_stream_as_at_its_beginning(kind: str, first: int) -> None:
    """In float32. The state is made as if it were so old, with nothing in its rings: the first window is NaN."""
    sizes: dict[str, Any] = {"rotary": True, "window": 8, "landmark_count": 4}
    made, stream = attention(attention=kind, landmarks="continual", **sizes).float(), tokens(40)
    expected = made(stream)
    torch.testing.assert_close(made(stream, first=first), expected, rtol=0, atol=1e-5)
    if kind != "nystrom":
        state = made.init_state(2)
        state.kernel.memory.position = first
        state = state._replace(position=first)
        answers = []
        for token in stream.unbind(1):
            answer, state = made.step(token, state)
            answers.append(answer)
        torch.testing.assert_close(torch.stack(answers, dim=1)[:, 8:], expected[:, 8:], rtol=0, atol=1e-5)


def test_recycling_positions_tell_orders_apart_and_come_back_after_a_period() -> None:
    from model.layers import RecyclingPositions

    torch.manual_seed(0)
    positions = RecyclingPositions(period=13, width=SMALL.width)
    same = torch.ones(1, 40, SMALL.width)
    with torch.no_grad():
        encoded = positions(same, first=5)
        torch.testing.assert_close(encoded[:, 13:26], encoded[:, :13], rtol=0, atol=0)
        torch.testing.assert_close(positions(same[:, :1], first=18), encoded[:, :1], rtol=0, atol=0)
    assert len(torch.unique(encoded[0, :13], dim=0)) == 13


@every_kind
def test_what_does_not_fit_is_refused_and_the_state_goes_on_unharmed(kind: dict[str, Any]) -> None:
    made = attention(**kind)
    stream = tokens(20, torch.float64)
    _, state = made.steps(stream[:, :15], made.init_state(2))
    others = {
        "shape": (torch.zeros(2, SMALL.width + 1, dtype=torch.float64), state),
        "float32": (torch.zeros(2, SMALL.width), state),
        "streams=3": (torch.zeros(3, SMALL.width, dtype=torch.float64), state),
        "window=12": (stream[:, 15], attention(**kind, window=12).init_state(2)),
        "expected one for": (stream[:, 15], attention(**kind, stacking="retroactive", blocks=2).init_state(2)),
    }
    for message, (token, wrong_state) in others.items():
        with pytest.raises(ValueError, match=message):
            made.step(token, wrong_state)
    output, _ = made.step(stream[:, 15], state)
    torch.testing.assert_close(output, made(stream)[:, 15], rtol=0, atol=1e-9)


@every_kind
@pytest.mark.parametrize("stacking", ["deep", "retroactive"])
def test_a_clone_goes_its_own_way(kind: dict[str, Any], stacking: str) -> None:
    made = attention(**kind, stacking=stacking, blocks=2)
    step = made.step if stacking == "deep" else made.step_all
    stream, state = tokens(30, torch.float64), made.init_state(2)
    for t in range(17):
        _, state = step(stream[:, t], state)
    kept = state.clone()
    for t in range(17, 30):
        _, state = step(stream[:, t] + 3.0, state)
    for t in range(17, 30):
        actual, kept = step(stream[:, t], kept)
    fresh = made.init_state(2)
    for t in range(30):
        expected, fresh = step(stream[:, t], fresh)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-9)
