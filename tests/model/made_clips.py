"""Clips made here, of three genres that a small model can learn in seconds."""

from __future__ import annotations

import torch

from tests.model.conftest import SMALL

BAND_HZ = torch.linspace(100.0, 8000.0, SMALL.bands)


def made_clips(clips: int, frames: int = 36) -> tuple[torch.Tensor, torch.Tensor]:
    """Three genres, each with its own hump over the bands: (N, T, bands) dB and labels (N,)."""
    generator = torch.Generator().manual_seed(clips)
    labels = torch.arange(clips) % 3
    place = torch.arange(SMALL.bands).view(1, 1, -1)
    hump = 25.0 * torch.exp(-0.1 * (place - 2.5 - 5.0 * labels.view(-1, 1, 1)) ** 2)
    return hump - 40.0 + 4.0 * torch.randn(clips, frames, SMALL.bands, generator=generator), labels


def made_sounds() -> torch.Tensor:
    """(4, 40, bands) dB: dips where genres have humps."""
    return -80.0 - made_clips(4, frames=40)[0]
