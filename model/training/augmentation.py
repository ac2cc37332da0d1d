"""Augmentation of log-mel frames, in dB, vectorised over the batch: what could have happened to the same music.

Everything random comes from one generator, so that a seed repeats it.
Tensor dimensions: B batch, T frames, M bands, G genres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

DB_PER_NEPER = 10.0 / math.log(10.0)
FRAME_SECONDS = 0.0775
QUIETEST_DB = 1.0  # added to a band's deviation: where nothing happens there is no style


class Chance:
    """Numbers for a batch, each (B, 1, 1)."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def uniform(self, batch: int, low: float = -1.0, high: float = 1.0) -> Tensor:
        return torch.rand(batch, 1, 1, generator=self.generator) * (high - low) + low

    def chosen(self, batch: int, share: float) -> Tensor:
        """True for about `share` of the batch."""
        return torch.rand(batch, 1, 1, generator=self.generator) < share

    def mixture(self, batch: int, alpha: float) -> Tensor:
        """Beta(alpha, alpha): X / (X + Y) with X, Y ~ Gamma(alpha)."""
        gammas = torch._standard_gamma(torch.full((2, batch, 1, 1), alpha), generator=self.generator) + 1e-12
        return gammas[0] / (gammas[0] + gammas[1])

    def normal(self, *shape: int) -> Tensor:
        """Of any shape, with deviation 1."""
        return torch.randn(shape, generator=self.generator)

    def other(self, batch: int) -> Tensor:
        """(B,) for every clip another of the batch, sometimes itself."""
        return torch.randperm(batch, generator=self.generator)

    def below(self, limit: int, batch: int) -> Tensor:
        """(B, 1) whole numbers."""
        return torch.randint(limit, (batch, 1), generator=self.generator)


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


def power(decibels: Tensor) -> Tensor:
    return (decibels / DB_PER_NEPER).exp()


def decibels(power: Tensor) -> Tensor:
    return power.log() * DB_PER_NEPER


# --- played and recorded otherwise: tempo, pitch, tone, and the style of a recording


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


# --- heard through a room, noise, other sounds, a cheap loudspeaker, an input that is turned up too far


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


# --- of several clips one: mixed with each other, hidden in part, joined


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
