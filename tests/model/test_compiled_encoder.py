"""An encoder alone, compiled: the torch encoder's answers, and the same contract."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model import Encoder, EncoderConfig, WeightsError, save_classifier, save_encoder
from model.compiled.classifier import CompiledEncoder
from model.compiled.prepare import NotCoveredError
from tests.model.conftest import small_classifier

TINY: dict[str, Any] = {"width": 24, "heads": 3, "window": 7, "feed_forward": 20, "landmark_count": 3}
KINDS: dict[str, dict[str, Any]] = {
    "softmax, tokens out": {"attention": "softmax", "outputs": 0, "final_norm": False},
    "softmax, a norm alone": {"attention": "softmax", "outputs": 0, "norm": "post", "positions": 9},
    "fixed landmarks, a regression": {"outputs": 1, "final_norm": False, "blocks": 2},
    "continual landmarks": {"landmarks": "continual", "outputs": 3},
}


def make(**changes: Any) -> tuple[Encoder, CompiledEncoder]:
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(**TINY, **changes)).eval().requires_grad_(False)
    return encoder, compiled(encoder)


def compiled(encoder: Encoder) -> CompiledEncoder:
    assert isinstance(encoder.config, EncoderConfig)
    return CompiledEncoder(encoder.config, {name: each.numpy() for name, each in encoder.state_dict().items()})


def stream(batch: int = 3, length: int = 20) -> torch.Tensor:
    return torch.randn(batch, length, 24, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_the_compiled_encoder_answers_as_the_torch_encoder_does(kind: dict[str, Any]) -> None:
    """Many streams in step, one stream in any chunking, and answers that are no probabilities."""
    encoder, ours = make(**kind)
    tokens = stream()
    expected = encoder(tokens).numpy()
    streams = ours.init_streams(3)
    for t in range(20):
        answers = ours.step_streams(tokens[:, t].numpy(), streams)
        np.testing.assert_allclose(answers, expected[:, t], rtol=0, atol=2e-5)
    one = ours.init_streams()
    chunks = [ours.steps(chunk.numpy(), one) for chunk in tokens[0].split([1, 7, 12])]
    np.testing.assert_allclose(np.concatenate(chunks), expected[0], rtol=0, atol=2e-5)


def test_what_does_not_fit_is_refused_and_the_streams_go_on() -> None:
    encoder, ours = make(outputs=2)
    tokens, streams = stream().numpy(), ours.init_streams(3)
    other = Encoder(encoder.config).requires_grad_(False)
    wrong: list[Any] = [tokens[:2, 0], tokens[:, 0, :23], tokens[:, 0].astype(np.float64), tokens]
    for given in wrong:
        with pytest.raises(ValueError, match="expected"):
            ours.step_streams(given, streams)
    with pytest.raises(ValueError, match="other weights"):
        compiled(other).step_streams(tokens[:, 0], streams)
    copied = streams.clone()
    ours.step_streams(tokens[:, 0], streams)
    ours.step_streams(tokens[:, 1], streams)
    stored = pickle.loads(pickle.dumps(streams))
    np.testing.assert_array_equal(stored.positions, streams.positions)
    np.testing.assert_allclose(ours.step_streams(tokens[:, 0], copied), encoder(stream())[:, 0], rtol=0, atol=2e-5)
    answers = ours.step_streams(tokens[:, 2], stored)
    np.testing.assert_array_equal(answers, ours.step_streams(tokens[:, 2], streams))


def test_it_is_loaded_from_the_file_of_an_encoder_and_of_nothing_else(tmp_path: Path) -> None:
    encoder, _ = make(outputs=2)
    save_encoder(encoder, tmp_path / "encoder.safetensors")
    loaded = CompiledEncoder.load(tmp_path / "encoder.safetensors")
    answers = loaded.steps(stream()[0].numpy(), loaded.init_streams())
    np.testing.assert_allclose(answers, encoder(stream()[:1])[0], rtol=0, atol=2e-5)
    save_classifier(small_classifier(torch.float32), tmp_path / "classifier.safetensors")
    with pytest.raises(WeightsError, match="nystream-encoder-1"):
        CompiledEncoder.load(tmp_path / "classifier.safetensors")
    with pytest.raises(NotCoveredError, match="retroactive"):
        make(blocks=2, stacking="retroactive")
