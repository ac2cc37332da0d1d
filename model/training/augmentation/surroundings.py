"""The same music heard through a room, noise, other sounds, a cheap loudspeaker, an input that is turned up too far."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from model.training.augmentation.chance import Chance, decibels, power

FRAME_SECONDS = 0.0775


def reverberate(frames: Tensor, share: float, chance: Chance) -> Tensor:
    """In about `share` of the batch the power of the last frames is added, decaying: a room of 0.3 to 1.5 s."""
    batch = len(frames)
    decay_db = 60.0 * FRAME_SECONDS / chance.uniform(batch, 0.3, 1.5)  # per frame
    wet_db = chance.uniform(batch, -12.0, -3.0)
    dry = power(frames)
    tail = torch.zeros_like(dry)
    for delay in range(1, 9):
        tail[:, delay:] += power(wet_db - decay_db * delay) * dry[:, :-delay]
    return torch.where(chance.chosen(batch, share), decibels(dry + tail), frames)


def add_noise(frames: Tensor, share: float, snr_db: tuple[float, float], chance: Chance) -> Tensor:
    """In about `share` of the batch stationary coloured noise is added in the power domain."""
    batch, _, bands = frames.shape
    ratio_db = chance.uniform(batch, *snr_db)
    place = torch.linspace(-1.0, 1.0, bands).view(1, 1, -1)
    colour = power(
        15.0 * chance.uniform(batch) * place
        + 4.0 * chance.uniform(batch) * torch.cos(math.pi * chance.uniform(batch, 0.5, 4.0) * place)
    )
    music = power(frames)
    loudness = music.mean(dim=(1, 2), keepdim=True) / colour.mean(dim=2, keepdim=True)
    # One frame's power of noise in a band is a sum of a few squared normals: it fluctuates by about 3 dB.
    flutter = power(3.0 * chance.normal(*frames.shape))
    noise = colour * loudness * flutter * power(-ratio_db)
    return torch.where(chance.chosen(batch, share), decibels(music + noise), frames)


def add_background(frames: Tensor, sounds: Tensor, share: float, snr_db: tuple[float, float], chance: Chance) -> Tensor:
    """In about `share` of the batch one of `sounds` (K, >= T, M) is added, from a random place on, as power."""
    batch, length, _ = frames.shape
    pool, available, _ = sounds.shape
    picked, starts = chance.below(pool, batch), chance.below(available - length + 1, batch)
    music, background = power(frames), power(sounds[picked, starts + torch.arange(length)])
    ratio = music.mean(dim=(1, 2), keepdim=True) / background.mean(dim=(1, 2), keepdim=True)
    gain = ratio * power(-chance.uniform(batch, *snr_db))
    return torch.where(chance.chosen(batch, share), decibels(music + gain * background), frames)


def limit_band(frames: Tensor, share: float, chance: Chance) -> Tensor:
    """In about `share` of the batch all below some band rolls off, and in as many all above one, gently or steeply."""
    batch, _, bands = frames.shape
    place = torch.arange(bands, dtype=frames.dtype).view(1, 1, -1)
    for distance in (
        place - bands * chance.uniform(batch, 0.45, 1.0),
        bands * chance.uniform(batch, 0.0, 0.2) - place,
    ):
        slope_db = chance.uniform(batch, 0.3, 3.0)  # per band
        frames = frames - chance.chosen(batch, share) * slope_db * distance.clamp(min=0.0)
    return frames


def clip(frames: Tensor, share: float, chance: Chance) -> Tensor:
    """In about `share` of the batch loud frames are held down, and what they lose spreads over the bands."""
    batch = len(frames)
    level = frames.amax(dim=2, keepdim=True)  # (B, T, 1)
    ceiling = level.amax(dim=1, keepdim=True) - chance.uniform(batch, 3.0, 15.0)
    excess = (level - ceiling).clamp(min=0.0)
    held = frames - excess
    distortion = level - chance.uniform(batch, 25.0, 40.0) + excess
    clipped = torch.where(excess > 0, torch.maximum(held, torch.minimum(distortion, level - 15.0)), frames)
    return torch.where(chance.chosen(batch, share), clipped, frames)


def raise_floor(frames: Tensor, floor_db: tuple[float, float], chance: Chance) -> Tensor:
    """Nothing is quieter than so far below the maximum: a recording's own noise."""
    floor = frames.amax(dim=(1, 2), keepdim=True) - chance.uniform(len(frames), *floor_db)
    return torch.maximum(frames, floor)
