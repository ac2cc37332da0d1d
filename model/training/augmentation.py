"""Augmentation of log-mel frames, in dB, vectorised over the batch: what could have happened to the same music.

Tensor dimensions: B batch, T frames, M bands, G genres.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.training.effects import (
    Chance,
    add_background,
    add_noise,
    clip,
    equalise,
    limit_band,
    mix_styles,
    raise_floor,
    reverberate,
    warp,
)


@dataclass(frozen=True)
class Augmenter:
    """Random changes that leave the genre as it is. Strengths in the units of their names."""

    band_hz: Tensor  # (M,) centre frequencies, Hz: a change of pitch is a factor on them
    generator: torch.Generator
    tempo: float = 0.15  # largest relative change
    semitones: float = 1.5
    style_share: float = 0.5  # of the clips
    style_mixture: float = 0.4  # alpha of Beta(alpha, alpha)
    tilt_db: float = 4.0  # over all bands
    ripple_db: float = 2.0
    reverberation_share: float = 0.3
    noise_share: float = 0.45
    noise_snr_db: tuple[float, float] = (0.0, 25.0)
    backgrounds: Tensor | None = None  # (K, >= T, M) dB: sounds that music is heard through
    background_share: float = 0.2
    background_snr_db: tuple[float, float] = (3.0, 25.0)
    band_limit_share: float = 0.1  # a cheap loudspeaker, a telephone
    clipping_share: float = 0.05  # an input that is turned up too far
    floor_db: tuple[float, float] = (45.0, 85.0)  # below the maximum
    mixup: float = 0.3  # alpha of Beta(alpha, alpha); 0 for none
    masks: int = 2  # of each kind
    mask_frames: int = 24
    mask_bands: int = 14
    join_share: float = 0.25
    join_level_db: float = 4.0  # standard deviation of the change of level where the music changes

    @property
    def frames_needed(self) -> float:
        """How many frames must be cut out per frame that comes back."""
        return 1.0 + self.tempo

    def __call__(self, frames: Tensor, targets: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """frames (B, >= length * frames_needed, M) dB, targets (B, G) of the clips.

        Returns (B, length, M) dB and what each frame is to be called, (B, length, G).
        """
        chance = Chance(self.generator)
        frames = warp(frames, length, self.band_hz, self.tempo, self.semitones, chance)
        frames = mix_styles(frames, self.style_share, self.style_mixture, chance)
        frames = equalise(frames, self.tilt_db, self.ripple_db, chance)
        frames = reverberate(frames, self.reverberation_share, chance)
        frames = add_noise(frames, self.noise_share, self.noise_snr_db, chance)
        if self.backgrounds is not None:
            frames = add_background(frames, self.backgrounds, self.background_share, self.background_snr_db, chance)
        frames = limit_band(frames, self.band_limit_share, chance)
        frames = clip(frames, self.clipping_share, chance)
        frames = raise_floor(frames, self.floor_db, chance)
        if self.mixup:
            frames, targets = mix_up(frames, targets, self.mixup, chance)
        frames = mask(frames, self.masks, self.mask_frames, self.mask_bands, chance)
        return join(frames, targets, self.join_share, self.join_level_db, chance)


def mix_up(frames: Tensor, targets: Tensor, alpha: float, chance: Chance) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al., 2018) in dB, level against level, as the model hears it, by Beta(alpha, alpha)."""
    share = chance.mixture(len(frames), alpha)
    share = torch.maximum(share, 1.0 - share)
    other = chance.other(len(frames))
    levelled = frames - frames.mean(dim=(1, 2), keepdim=True)
    return levelled[other].lerp(levelled, share), targets[other].lerp(targets, share[:, 0])


def mask(frames: Tensor, count: int, widest_frames: int, widest_bands: int, chance: Chance) -> Tensor:
    """SpecAugment (Park et al., 2019): stripes of time and of bands, `count` of each, become the clip's mean."""
    batch, length, bands = frames.shape
    hidden = torch.zeros(batch, length, bands, dtype=torch.bool)
    for size, widest, shape in ((length, widest_frames, (1, -1, 1)), (bands, widest_bands, (1, 1, -1))):
        index = torch.arange(size).view(shape)
        for _ in range(count):
            width = chance.uniform(batch, 0.0, float(widest))
            start = chance.uniform(batch, 0.0, 1.0) * (size - width)
            hidden |= (index >= start) & (index < start + width)
    return torch.where(hidden, frames.mean(dim=(1, 2), keepdim=True), frames)


def join(frames: Tensor, targets: Tensor, share: float, level_db: float, chance: Chance) -> tuple[Tensor, Tensor]:
    """In about `share` of the batch the music changes: from some frame on it is another clip, and is to be called so
    at once. What makes a model with a long memory follow an endless stream.

    targets (B, G) -> what each frame is to be called (B, T, G). level_db: standard deviation of the change of level.
    """
    batch, length, _ = frames.shape
    change = chance.uniform(batch, 0.1, 0.9) * length
    other, level = chance.other(batch), level_db * chance.normal(batch, 1, 1)
    after = (torch.arange(length).view(1, -1, 1) >= change) & chance.chosen(batch, share)
    each = targets.unsqueeze(1)
    return torch.where(after, frames[other] + level, frames), torch.where(after, each[other], each)
