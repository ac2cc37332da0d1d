"""The encoder as others use it: torch's own converted, of any size, saved, and as docs/library.md shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import model
from model import (
    Encoder,
    EncoderBlock,
    EncoderConfig,
    MultiHeadAttention,
    WeightsError,
    WindowTwin,
    load_classifier,
    load_encoder,
    read_notes,
    save_encoder,
    step_cost,
    twin_cost,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "library.md"
WINDOW = 7
every_kind = pytest.mark.parametrize(
    "kind",
    [{"attention": "softmax"}, {"attention": "gaussian"}, {"landmarks": "fixed"}, {"landmarks": "continual"}],
    ids=str,
)
TINY: dict[str, Any] = {"width": 12, "heads": 3, "window": 4, "feed_forward": 8}


def torchs_encoder(layers: int, **changes: Any) -> nn.TransformerEncoder:
    torch.manual_seed(0)
    arguments: dict[str, Any] = {"d_model": 12, "nhead": 3, "dim_feedforward": 8, "batch_first": True} | changes
    made = nn.TransformerEncoder(nn.TransformerEncoderLayer(**arguments), layers, enable_nested_tensor=False)
    for weight in made.parameters():
        nn.init.normal_(weight, std=0.4)
    return made.eval().requires_grad_(False)


def stream(length: int = 18, seed: int = 1) -> Tensor:
    return torch.randn(2, length, 12, generator=torch.Generator().manual_seed(seed))


def test_the_examples_of_the_document_run_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 5
    try:
        exec("\n".join(blocks), {"__name__": "example"})
    finally:
        torch.set_num_threads(threads)


def test_every_name_of_the_surface_is_there_and_says_what_it_is() -> None:
    for name in model.__all__:
        assert name == "GTZAN_GENRES" or getattr(model, name).__doc__, name
    with pytest.raises(AttributeError):
        model.nothing  # noqa: B018


@pytest.mark.parametrize(
    "changes",
    [{}, {"norm_first": True}, {"activation": "gelu"}, {"bias": False, "activation": nn.GELU("tanh")}],
    ids=str,
)
@pytest.mark.parametrize(("layers", "stacking"), [(1, {}), (2, {}), (4, {"stacking": "retroactive"})], ids=str)
def test_torchs_encoder_is_equalled_on_every_window(
    layers: int, stacking: dict[str, str], changes: dict[str, Any]
) -> None:
    """One state stepped through all of the shifted windows."""
    torchs = torchs_encoder(layers, **changes)
    encoder, tokens = Encoder.from_torch(torchs, WINDOW, **stacking), stream()
    state = encoder.init_state(2)
    for t in range(tokens.shape[1]):
        answer, state = encoder.step(tokens[:, t], state)
        window = tokens[:, max(0, t + 1 - WINDOW) : t + 1]
        torch.testing.assert_close(answer, torchs(window)[:, -1], rtol=0, atol=1e-5)
    torch.testing.assert_close(encoder(tokens)[:, -1], answer, rtol=0, atol=1e-5)
    assert (encoder.receptive_field, encoder.delay) == (WINDOW, 0)


def test_three_layers_and_a_norm_equal_torchs_under_a_banded_mask() -> None:
    torchs = torchs_encoder(3)
    torchs.norm = nn.LayerNorm(12)
    nn.init.normal_(torchs.norm.weight)
    encoder, tokens = Encoder.from_torch(torchs, WINDOW), stream()
    age = torch.arange(18).unsqueeze(1) - torch.arange(18)
    expected = torchs(tokens, mask=(age < 0) | (age >= WINDOW))
    torch.testing.assert_close(encoder(tokens), expected, rtol=0, atol=1e-5)
    assert encoder.receptive_field == 3 * (WINDOW - 1) + 1


def test_one_layer_converts_in_its_dtype_and_other_layers_are_refused() -> None:
    layer = torchs_encoder(1).layers[0].double()
    assert isinstance(layer, nn.TransformerEncoderLayer)
    encoder, tokens = Encoder.from_torch(layer, 4), stream().double()
    torch.testing.assert_close(encoder(tokens)[:, 3], layer(tokens[:, :4])[:, -1], rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match="activation"):
        Encoder.from_torch(torchs_encoder(1, activation=nn.Tanh()), 4)
    uneven = torchs_encoder(2)
    uneven.layers[1] = nn.TransformerEncoderLayer(12, 4, 8)
    with pytest.raises(ValueError, match="heads"):
        Encoder.from_torch(uneven, 4)
    odd = torchs_encoder(1)
    odd.norm = nn.RMSNorm(12)
    with pytest.raises(ValueError, match="LayerNorm"):
        Encoder.from_torch(odd, 4)


@every_kind
@pytest.mark.parametrize("sizes", [{"outputs": 1}, {"outputs": 0}, {"outputs": 3, "final_norm": False}], ids=str)
def test_an_encoder_has_any_width_and_outputs_and_obeys_the_laws(kind: dict[str, Any], sizes: dict[str, Any]) -> None:
    """A window of 4 is refused by no default."""
    encoder = Encoder(EncoderConfig(**TINY, **kind, **sizes)).double().eval().requires_grad_(False)
    tokens, twin = stream().double(), WindowTwin(encoder)
    expected = encoder(tokens)
    assert expected.shape == (2, 18, sizes["outputs"] or 12)
    state, twin_state = encoder.init_state(2), twin.init_state(2)
    for t in range(18):
        answer, state = encoder.step(tokens[:, t], state)
        twins, twin_state = twin.step(tokens[:, t], twin_state)
        torch.testing.assert_close(answer, expected[:, t], rtol=0, atol=1e-9)
        torch.testing.assert_close(twins, expected[:, t], rtol=0, atol=1e-9)
    assert step_cost(encoder.config).parts["stem"] == 0
    assert step_cost(encoder.config).parts["head"] == 2 * 12 * sizes["outputs"]
    assert twin_cost(encoder.config).encoder > step_cost(encoder.config).encoder


@pytest.mark.parametrize("sizes", [{"outputs": 1}, {"final_norm": False, "blocks": 2, "positions": 5}], ids=str)
def test_an_encoder_is_saved_and_loaded_and_is_no_classifier(tmp_path: Path, sizes: dict[str, Any]) -> None:
    encoder, path = Encoder(EncoderConfig(**TINY, **sizes)).eval(), tmp_path / "encoder.safetensors"
    save_encoder(encoder, path, {"trained_on": "nothing"})
    again = load_encoder(path)
    assert again.config == encoder.config
    torch.testing.assert_close(again(stream()), encoder(stream()), rtol=0, atol=0)
    assert read_notes(path) == {"trained_on": "nothing"}
    with pytest.raises(WeightsError, match="nystream-encoder-1"):
        load_classifier(path)
    with pytest.raises(WeightsError, match="not 'nystream-encoder-1'"):
        load_encoder(DOCUMENT.parents[1] / "assets" / "nystream.safetensors")


@pytest.mark.parametrize(
    "change", [{"outputs": -1}, {"outputs": 1.0}, {"final_norm": 1}, {"window": 0}, {"landmark_count": 5}], ids=str
)
def test_sizes_of_an_encoder_that_do_not_fit_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(change.values())))):
        EncoderConfig(**(TINY | change))


@every_kind
def test_keys_and_values_may_come_from_another_stream(kind: dict[str, Any]) -> None:
    """Softmax: what nn.MultiheadAttention gives for the window."""
    attention = MultiHeadAttention(EncoderConfig(**TINY, **kind)).double().requires_grad_(False)
    query, key, value = (stream(seed=seed).double() for seed in (1, 2, 3))
    expected = attention(query, key, value)
    chunked, _ = attention.steps(query, attention.init_state(2), key, value)
    torch.testing.assert_close(chunked, expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(attention(query, query, query), attention(query), rtol=0, atol=1e-12)
    state = attention.init_state(2)
    for t in range(18):
        one, state = attention.step(query[:, t], state, key[:, t], value[:, t])
        torch.testing.assert_close(one, expected[:, t], rtol=0, atol=1e-9)
        if kind == {"attention": "softmax"}:
            seen = slice(max(0, t - 3), t + 1)
            wanted, _ = torchs_attention(attention)(query[:, t : t + 1], key[:, seen], value[:, seen])
            torch.testing.assert_close(one, wanted[:, 0], rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match="one shape"):
        attention(query, key[:, :5])


def torchs_attention(ours: MultiHeadAttention) -> nn.MultiheadAttention:
    torchs = nn.MultiheadAttention(12, 3, batch_first=True).to(ours.output.weight).requires_grad_(False)
    for theirs, mine in zip(torchs.parameters(), ours.parameters(), strict=True):
        theirs.copy_(mine)
    return torchs


def test_retroactive_attention_is_torchs_on_every_shifted_window_keys_and_values_apart() -> None:
    """All outputs, and so that of any query in the window: the newest as well as the third."""
    config = EncoderConfig(**TINY, attention="softmax", blocks=2, stacking="retroactive")
    attention = MultiHeadAttention(config).double().requires_grad_(False)
    torchs, state = torchs_attention(attention), attention.init_state(2)
    query, key, value = (stream(seed=seed).double() for seed in (1, 2, 3))
    for t in range(18):
        outputs, state = attention.step_all(query[:, t], state, key[:, t], value[:, t])
        seen = slice(max(0, t - 3), t + 1)
        expected, _ = torchs(query[:, seen], key[:, seen], value[:, seen])
        torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-9)


def test_attention_stacked_on_attention_is_torchs_stack() -> None:
    """Without norms, residuals and feed-forward: retroactive, then the newest output alone."""
    config = EncoderConfig(**TINY, attention="softmax", blocks=2, stacking="retroactive")
    first, second = (MultiHeadAttention(config).double().requires_grad_(False) for _ in range(2))
    torchs, state, tokens = (torchs_attention(first), torchs_attention(second)), first.init_state(2), stream().double()
    for t in range(18):
        expected = tokens[:, max(0, t - 3) : t + 1]
        for layer in torchs:
            expected, _ = layer(expected, expected, expected)
        outputs, state = first.step_all(tokens[:, t], state)
        newest = second.recompute(outputs, outputs.shape[1], last_only=True)
        torch.testing.assert_close(newest[:, 0], expected[:, -1], rtol=0, atol=1e-9)


def test_masks_are_refused_in_a_sentence_and_other_arguments_are_no_masks() -> None:
    config, tokens = EncoderConfig(**TINY), stream()
    mask = torch.zeros(18, 18)
    encoder = Encoder(config)
    encoder(tokens, mask=None, is_causal=False)
    for part in (encoder, EncoderBlock(config)):
        with pytest.raises(ValueError, match="takes no masks"):
            part(tokens, mask)
        with pytest.raises(ValueError, match="src_key_padding_mask"):
            part(tokens, src_key_padding_mask=mask)
    with pytest.raises(ValueError, match="attn_mask"):
        MultiHeadAttention(config)(tokens, attn_mask=mask)
    with pytest.raises(TypeError, match="colour"):
        encoder(tokens, colour=1)


@pytest.mark.parametrize("stack", [{}, {"blocks": 2, "stacking": "retroactive"}, {"positions": 5}], ids=str)
def test_tokens_of_another_width_are_refused_and_the_state_goes_on(stack: dict[str, Any]) -> None:
    encoder = Encoder(EncoderConfig(**TINY, **stack, attention="softmax")).eval().requires_grad_(False)
    tokens, state = stream(), encoder.init_state(2)
    _, state = encoder.step(tokens[:, 0], state)
    for call, given in ((encoder.step, tokens[:, 0, :11]), (encoder.steps, tokens[:, 0])):
        with pytest.raises(ValueError, match="tokens have shape"):
            call(given, state)
    with pytest.raises(ValueError, match="tokens have shape"):
        encoder(tokens[0])
    answer, _ = encoder.step(tokens[:, 1], state)
    torch.testing.assert_close(answer, encoder(tokens)[:, 1], rtol=0, atol=1e-5)
