"""The same music played and recorded otherwise: tempo, pitch, tone, and the style of a recording."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from model.training.augmentation.chance import Chance

QUIETEST_DB = 1.0  # added to a band's deviation: where nothing happens there is no style


def warp(frames: Tensor, length: int, band_hz: Tensor, tempo: float, semitones: float, chance: Chance) -> Tensor:
    """(B, >= length (1 + tempo), M) -> (B, length, M): tempo and pitch in one resampling of the time-band plane."""
    batch, available, bands = frames.shape
    times = torch.arange(length).view(1, -1, 1) * (1.0 + tempo * chance.uniform(batch))  # (B, T, 1) in frames
    pitch = 2.0 ** (semitones / 12.0 * chance.uniform(batch))
    wanted = (band_hz.view(1, 1, -1) * pitch).expand(batch, 1, bands).contiguous()
    above = torch.searchsorted(band_hz, wanted).clamp(1, bands - 1)
    low, high = band_hz[above - 1], band_hz[above]
    positions = above - 1 + ((wanted - low) / (high - low)).clamp(0.0, 1.0)  # (B, 1, M) in bands
    grid = torch.stack(
        [
            (2.0 * positions / (bands - 1) - 1.0).expand(batch, length, bands),
            (2.0 * times / (available - 1) - 1.0).expand(batch, length, bands),
        ],
        dim=-1,
    )
    return F.grid_sample(frames.unsqueeze(1), grid, padding_mode="border", align_corners=True).squeeze(1)


def mix_styles(frames: Tensor, share: float, alpha: float, chance: Chance) -> Tensor:
    """MixStyle (Zhou et al., ICLR 2021), of bands: in about `share` of the batch the mean and the deviation over time
    of every band are moved towards those of another clip, by a share that is Beta(alpha, alpha).

    They tell the studio and the medium as much as the music; few artists per genre make it tempting to learn them.
    """
    batch = len(frames)
    mean, deviation = frames.mean(dim=1, keepdim=True), frames.std(dim=1, keepdim=True) + QUIETEST_DB  # (B, 1, M)
    other, own = chance.other(batch), chance.mixture(batch, alpha)
    mixed_mean, mixed_deviation = mean[other].lerp(mean, own), deviation[other].lerp(deviation, own)
    mixed = (frames - mean) / deviation * mixed_deviation + mixed_mean
    return torch.where(chance.chosen(batch, share), mixed, frames)


def equalise(frames: Tensor, tilt_db: float, ripple_db: float, chance: Chance) -> Tensor:
    """A tilt and two ripples over the bands."""
    batch, _, bands = frames.shape
    place = torch.linspace(-1.0, 1.0, bands).view(1, 1, -1)
    curve = tilt_db * chance.uniform(batch) * place
    for _ in range(2):
        cycles, phase = chance.uniform(batch, 0.5, 3.0), chance.uniform(batch, 0.0, 2.0 * math.pi)
        curve = curve + ripple_db * chance.uniform(batch) * torch.cos(math.pi * cycles * place + phase)
    return frames + curve
