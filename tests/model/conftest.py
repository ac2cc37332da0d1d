"""Small models with every buffer stirred, so that nothing is right by being zero."""

from __future__ import annotations

import pytest
import torch

from model import Classifier, ModelConfig

SMALL = ModelConfig(
    level_window=13,
    stem_channels=(3, 4, 5),
    stem_dilations=(1, 2, 3),
    bands=16,
    width=24,
    heads=3,
    landmark_count=5,
    window=11,  # not a multiple of the landmarks
    feed_forward=20,
    genres=("blues", "jazz", "rock"),
)


def small_classifier(dtype: torch.dtype = torch.float64, config: ModelConfig = SMALL) -> Classifier:
    torch.manual_seed(7)
    classifier = Classifier(config)
    for module in classifier.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(std=0.3)
            module.running_var.uniform_(0.5, 2.0)
    classifier.tokenizer.band_mean.normal_(std=3.0)
    return classifier.to(dtype).for_inference()


def music(batch: int, frames: int, config: ModelConfig = SMALL, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Frames that look like log-mel: (B, T, bands) dB around -30, never the same twice."""
    generator = torch.Generator().manual_seed(batch * 1000 + frames)
    return (torch.randn(batch, frames, config.bands, generator=generator, dtype=torch.float64) * 12.0 - 30.0).to(dtype)


@pytest.fixture
def classifier() -> Classifier:
    return small_classifier()
